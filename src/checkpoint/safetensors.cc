#include "checkpoint/safetensors.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/json.h"
#include "checkpoint/safetensors_header.h"

namespace qkv::checkpoint {
namespace fs = std::filesystem;

void write_safetensors(const fs::path& path, const std::vector<SavedArray>& arrays,
                       const std::map<std::string, std::string>& notes) {
  base::Json header = {{"__metadata__", {{"format", "pt"}}}};
  for (const auto& [name, note] : notes) header["__metadata__"][name] = note;
  std::uint64_t offset = 0;
  auto& members = header.get_ref<base::Json::object_t&>();
  for (const SavedArray& array : arrays) {
    const std::uint64_t end = offset + base::value_count(array.shape) * sizeof(float);
    const base::Json entry = {
        {"dtype", "F32"}, {"shape", array.shape}, {"data_offsets", {offset, end}}};
    members.emplace_back(array.name, entry);  // looks for no earlier one: names differ
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');

  base::FileWriter writer(path);
  writer.write(base::little_endian(std::uint64_t{text.size()}));
  writer.write(text);
  std::vector<float> values;
  for (const SavedArray& array : arrays) {
    values.resize(base::value_count(array.shape));
    array.copy(values);
    writer.write({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
  }
  writer.finish();
}

std::vector<SavedArray> saved(const base::NamedArrays& arrays) {
  std::vector<SavedArray> all;
  for (const auto& [name, array] : arrays) {
    all.push_back({.name = name, .shape = array.shape, .copy = [&values = array.values](auto to) {
                     std::copy(values.begin(), values.end(), to.begin());
                   }});
  }
  return all;
}

base::NamedArrays read_safetensors(const base::InputFile& file) {
  const SafetensorsHeader header = read_safetensors_header(file);
  base::NamedArrays arrays;
  for (const TensorEntry& entry : header.tensors) {
    base::Array array(entry.shape);
    file.read(header.data_begin + entry.begin, array.values.size() * sizeof(float),
              reinterpret_cast<char*>(array.values.data()));
    arrays.emplace_back(entry.name, std::move(array));
  }
  return arrays;
}

base::NamedArrays read_safetensors(const fs::path& path) {
  return read_safetensors(base::InputFile(path));
}

}  // namespace qkv::checkpoint
