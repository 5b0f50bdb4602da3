#include "checkpoint/safetensors.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/bytes.h"
#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/json.h"
#include "config/schema.h"

namespace qkv {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kPrefix = 8;

/// Where one tensor's values lie in the file's data part.
struct Entry {
  std::string name;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

bool is_natural(const Json& value) { return value.is_number_unsigned(); }

Entry read_entry(const std::string& name, const Json& description, std::uint64_t data_size,
                 const std::string& where) {
  const std::string at = concat(where, ": tensor ", quoted(name), ": ");
  if (!description.is_object() || !description.contains("dtype") ||
      !description.contains("shape") || !description.contains("data_offsets")) {
    throw Error(at + "found no dtype, shape and data_offsets, expected all three");
  }
  const Json& dtype = description["dtype"];
  if (dtype != "F32") throw Error(concat(at, "found dtype ", shown(dtype), ", expected \"F32\""));

  const Json& offsets = description["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2 || !is_natural(offsets[0]) ||
      !is_natural(offsets[1])) {
    throw Error(concat(at, "found data_offsets ", shown(offsets), ", expected [begin, end]"));
  }
  Entry entry{.name = name, .shape = {}, .begin = offsets[0], .end = offsets[1]};
  if (entry.begin > entry.end || entry.end > data_size) {
    throw Error(concat(at, "found bytes ", entry.begin, " to ", entry.end,
                       ", expected a range within the ", data_size, " bytes of data"));
  }

  const Json& shape = description["shape"];
  constexpr std::size_t kMostAxes = 8;
  bool valid = shape.is_array() && shape.size() <= kMostAxes;
  std::int64_t stride = 1;
  bool empty = false;
  for (std::size_t axis = 0; valid && axis < shape.size(); ++axis) {
    valid = is_natural(shape[axis]) && shape[axis].get<std::uint64_t>() <= data_size;
    if (!valid) break;
    const auto size = shape[axis].get<std::int64_t>();
    entry.shape.push_back(size);
    // Strides are products of sizes: they must be numbers even where another size is 0.
    valid = !__builtin_mul_overflow(stride, std::max<std::int64_t>(size, 1), &stride);
    empty = empty || size == 0;
  }
  std::int64_t bytes = 0;
  valid = valid && !__builtin_mul_overflow(stride, sizeof(float), &bytes);
  if (!valid || (empty ? 0 : static_cast<std::uint64_t>(bytes)) != entry.end - entry.begin) {
    throw Error(concat(at, "found shape ", shown(shape), " for ", entry.end - entry.begin,
                       " bytes, expected a shape of as many float32 values"));
  }
  return entry;
}

}  // namespace

void write_safetensors(const fs::path& path, const NamedTensors& tensors,
                       const std::map<std::string, std::string>& notes) {
  Json header = {{"__metadata__", {{"format", "pt"}}}};
  for (const auto& [name, note] : notes) header["__metadata__"][name] = note;
  std::uint64_t offset = 0;
  auto& members = header.get_ref<Json::object_t&>();
  for (const auto& [name, tensor] : tensors) {
    const std::uint64_t end = offset + static_cast<std::uint64_t>(tensor.numel()) * sizeof(float);
    const Json entry = {
        {"dtype", "F32"}, {"shape", tensor.sizes().vec()}, {"data_offsets", {offset, end}}};
    members.emplace_back(name, entry);  // looks for no earlier one: names differ
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');

  FileWriter writer(path);
  writer.write(little_endian(std::uint64_t{text.size()}));
  writer.write(text);
  for (const auto& [name, tensor] : tensors) {
    const Tensor values = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
    writer.write({static_cast<const char*>(values.const_data_ptr()), values.nbytes()});
  }
  writer.finish();
}

NamedTensors read_safetensors(const fs::path& path) {
  const MappedFile file(path);
  const std::string where = path.string();
  if (file.size() < kPrefix)
    throw Error(concat(where, ": found ", file.size(), " bytes, expected a safetensors file"));
  const auto length = from_little_endian<std::uint64_t>(file.data());
  if (length > file_limit::kSafetensorsHeader || length > file.size() - kPrefix) {
    throw Error(concat(where, ": found a header of ", length,
                       " bytes at byte 0, expected at most the ", file.size() - kPrefix,
                       " that follow"));
  }
  const Json header = parse_json(file.text().substr(kPrefix, length), where + " (header)");
  if (!header.is_object())
    throw Error(concat(where, ": found no JSON object as header, expected one"));

  const std::uint64_t data_begin = kPrefix + length;
  const std::uint64_t data_size = file.size() - data_begin;
  std::vector<Entry> entries;
  for (const auto& [name, description] : header.items()) {
    if (name != "__metadata__") entries.push_back(read_entry(name, description, data_size, where));
  }

  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  ranges.reserve(entries.size());
  for (const Entry& entry : entries) ranges.emplace_back(entry.begin, entry.end);
  std::sort(ranges.begin(), ranges.end());
  std::uint64_t covered = 0;
  for (const auto& [begin, end] : ranges) {
    if (begin != covered) {
      throw Error(concat(where, ": found values at byte ", begin, " of the data, expected them at ",
                         covered, " (no gap, no overlap)"));
    }
    covered = end;
  }
  if (covered != data_size) {
    throw Error(concat(where, ": found ", data_size, " bytes of data, expected ", covered));
  }

  NamedTensors tensors;
  for (const Entry& entry : entries) {
    Tensor values = torch::empty(entry.shape, at::kFloat);
    if (values.nbytes() > 0)
      std::memcpy(values.data_ptr(), file.data() + data_begin + entry.begin, values.nbytes());
    tensors.emplace_back(entry.name, values);
  }
  return tensors;
}

}  // namespace qkv
