#include "checkpoint/safetensors.h"

#include "base/bytes.h"
#include "base/json.h"
#include "checkpoint/safetensors_header.h"

namespace qkv::checkpoint {
namespace fs = std::filesystem;

void write_safetensors(const fs::path& path, const NamedTensors& tensors,
                       const std::map<std::string, std::string>& notes) {
  base::Json header = {{"__metadata__", {{"format", "pt"}}}};
  for (const auto& [name, note] : notes) header["__metadata__"][name] = note;
  std::uint64_t offset = 0;
  auto& members = header.get_ref<base::Json::object_t&>();
  for (const auto& [name, tensor] : tensors) {
    const std::uint64_t end = offset + static_cast<std::uint64_t>(tensor.numel()) * sizeof(float);
    const base::Json entry = {
        {"dtype", "F32"}, {"shape", tensor.sizes().vec()}, {"data_offsets", {offset, end}}};
    members.emplace_back(name, entry);  // looks for no earlier one: names differ
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');

  base::FileWriter writer(path);
  writer.write(base::little_endian(std::uint64_t{text.size()}));
  writer.write(text);
  for (const auto& [name, tensor] : tensors) {
    const model::Tensor values = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
    writer.write({static_cast<const char*>(values.const_data_ptr()), values.nbytes()});
  }
  writer.finish();
}

NamedTensors read_safetensors(const base::InputFile& file) {
  const SafetensorsHeader header = read_safetensors_header(file);
  NamedTensors tensors;
  for (const TensorEntry& entry : header.tensors) {
    model::Tensor values = torch::empty(entry.shape, at::kFloat);
    file.read(header.data_begin + entry.begin, values.nbytes(),
              static_cast<char*>(values.data_ptr()));
    tensors.emplace_back(entry.name, values);
  }
  return tensors;
}

NamedTensors read_safetensors(const fs::path& path) {
  return read_safetensors(base::InputFile(path));
}

}  // namespace qkv::checkpoint
