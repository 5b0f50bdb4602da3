// The header of a safetensors file: every accepted range is within the data.

#include <string_view>

#include "checkpoint/safetensors_header.h"
#include "fuzz/support/answer.h"
#include "fuzz/support/input_file.h"

namespace qkv::fuzz {
namespace {

void read(std::string_view file) {
  checkpoint::SafetensorsHeader header;
  const std::filesystem::path& path = input_file(file);
  if (!answers([&] { header = checkpoint::read_safetensors_header(base::InputFile(path)); }))
    return;
  std::uint64_t bytes = 0;
  for (const checkpoint::TensorEntry& entry : header.tensors) {
    require(entry.begin <= entry.end && header.data_begin + entry.end <= file.size(),
            "values lie within the file");
    std::int64_t stride = 1;  // computed as for a contiguous tensor
    for (const std::int64_t side : entry.shape)
      require(
          side >= 0 && !__builtin_mul_overflow(stride, std::max<std::int64_t>(side, 1), &stride),
          "strides fit");
    bytes += entry.end - entry.begin;
  }
  require(bytes == file.size() - header.data_begin, "the tensors cover the data");
}

}  // namespace
}  // namespace qkv::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  qkv::fuzz::read({reinterpret_cast<const char*>(data), size});
  return 0;
}
