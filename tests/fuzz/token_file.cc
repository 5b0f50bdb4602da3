// The file of token ids in the cache: arbitrary bytes, or a valid file with damage.

#include "text/corpus/token_file.h"

#include <fuzzer/FuzzedDataProvider.h>

#include <fstream>
#include <iterator>

#include "fuzz/support/answer.h"
#include "fuzz/support/input_file.h"
#include "text/corpus/token_writer.h"

namespace qkv::fuzz {
namespace {

/// An accepted file can be read completely.
void read(const std::filesystem::path& path) {
  answers([&] {
    const text::TokenFile file(path);
    std::int64_t sum = 0;
    for (std::uint64_t index = 0; index < file.size(); ++index) sum += file[index];
    std::uint64_t last = 0;
    for (std::uint64_t index = 0; file.documents() > 0 && index <= file.documents(); ++index) {
      require(file.document_begin(index) >= last, "documents are in order");
      last = file.document_begin(index);
    }
    require(last <= file.size() && sum != INT64_MIN, "documents lie within the file");
  });
}

std::string good_file(FuzzedDataProvider& input) {
  const std::filesystem::path path = input_file("").parent_path() / "good";
  text::TokenWriter writer(path, input.ConsumeBool() ? 300 : 100'000);
  for (int left = input.ConsumeIntegralInRange(0, 40); left > 0; --left) {
    if (input.ConsumeBool()) writer.begin_document();
    writer.add(input.ConsumeIntegralInRange(0, 299));
  }
  writer.finish(input.ConsumeIntegral<std::uint32_t>());
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void damage(std::string& bytes, FuzzedDataProvider& input) {
  for (int left = input.ConsumeIntegralInRange(0, 4); left > 0 && !bytes.empty(); --left) {
    const std::size_t place = input.ConsumeIntegralInRange<std::size_t>(0, bytes.size() - 1);
    bytes[place] = input.ConsumeIntegral<char>();
  }
  if (input.ConsumeBool()) bytes.resize(input.ConsumeIntegralInRange<std::size_t>(0, bytes.size()));
}

}  // namespace
}  // namespace qkv::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  if (input.ConsumeBool()) {
    qkv::fuzz::read(qkv::fuzz::input_file(input.ConsumeRemainingBytesAsString()));
    return 0;
  }
  std::string bytes = qkv::fuzz::good_file(input);
  qkv::fuzz::damage(bytes, input);
  qkv::fuzz::read(qkv::fuzz::input_file(bytes));
  return 0;
}
