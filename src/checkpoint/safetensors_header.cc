#include "checkpoint/safetensors_header.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/error.h"
#include "base/format.h"
#include "base/json.h"
#include "config/schema.h"

namespace qkv::checkpoint {
namespace {

constexpr std::uint64_t kPrefix = 8;

bool is_natural(const base::Json& value) { return value.is_number_unsigned(); }

TensorEntry read_entry(const std::string& name, const base::Json& description,
                       std::uint64_t data_size, const std::string& where) {
  const std::string at = base::concat(where, ": tensor ", base::quoted(name), ": ");
  if (!description.is_object() || !description.contains("dtype") ||
      !description.contains("shape") || !description.contains("data_offsets")) {
    throw base::Error(at + "found no dtype, shape and data_offsets, expected all three");
  }
  const base::Json& dtype = description["dtype"];
  if (dtype != "F32")
    throw base::Error(base::concat(at, "found dtype ", config::shown(dtype), ", expected \"F32\""));

  const base::Json& offsets = description["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2 || !is_natural(offsets[0]) ||
      !is_natural(offsets[1])) {
    throw base::Error(
        base::concat(at, "found data_offsets ", config::shown(offsets), ", expected [begin, end]"));
  }
  TensorEntry entry{.name = name, .shape = {}, .begin = offsets[0], .end = offsets[1]};
  if (entry.begin > entry.end || entry.end > data_size) {
    throw base::Error(base::concat(at, "found bytes ", entry.begin, " to ", entry.end,
                                   ", expected a range within the ", data_size, " bytes of data"));
  }

  const base::Json& shape = description["shape"];
  constexpr std::size_t kMostAxes = 8;
  bool valid = shape.is_array() && shape.size() <= kMostAxes;
  std::uint64_t bytes = sizeof(float);
  auto stride = static_cast<std::int64_t>(sizeof(float));  // which a side of 0 leaves as it is
  for (std::size_t axis = 0; valid && axis < shape.size(); ++axis) {
    valid = is_natural(shape[axis]) && shape[axis].get<std::uint64_t>() <= data_size;
    if (!valid) break;
    const auto side = shape[axis].get<std::int64_t>();
    valid = !__builtin_mul_overflow(stride, std::max<std::int64_t>(side, 1), &stride);
    bytes = side == 0 ? 0 : bytes * static_cast<std::uint64_t>(side);
    entry.shape.push_back(side);
  }
  if (!valid || bytes != entry.end - entry.begin) {
    throw base::Error(base::concat(at, "found shape ", config::shown(shape), " for ",
                                   entry.end - entry.begin,
                                   " bytes, expected a shape of as many float32 values"));
  }
  return entry;
}

}  // namespace

SafetensorsHeader read_safetensors_header(const base::InputFile& file) {
  const std::string where = file.path().string();
  if (file.size() < kPrefix)
    throw base::Error(
        base::concat(where, ": found ", file.size(), " bytes, expected a safetensors file"));
  std::string text(kPrefix, '\0');
  file.read(0, kPrefix, text.data());
  const auto length = base::from_little_endian<std::uint64_t>(text.data());
  if (length > base::file_limit::kSafetensorsHeader || length > file.size() - kPrefix) {
    throw base::Error(base::concat(where, ": found a header of ", length,
                                   " bytes at byte 0, expected at most the ", file.size() - kPrefix,
                                   " that follow"));
  }
  text.resize(length);
  file.read(kPrefix, length, text.data());
  const base::Json json = base::parse_json(text, where + " (header)");
  if (!json.is_object())
    throw base::Error(base::concat(where, ": found no JSON object as header, expected one"));

  SafetensorsHeader header{.tensors = {}, .data_begin = kPrefix + length};
  const std::uint64_t data_size = file.size() - header.data_begin;
  std::vector<TensorEntry>& entries = header.tensors;
  for (const auto& [name, description] : json.items()) {
    if (name != "__metadata__") entries.push_back(read_entry(name, description, data_size, where));
  }

  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  ranges.reserve(entries.size());
  for (const TensorEntry& entry : entries) ranges.emplace_back(entry.begin, entry.end);
  std::sort(ranges.begin(), ranges.end());
  std::uint64_t covered = 0;
  for (const auto& [begin, end] : ranges) {
    if (begin != covered) {
      throw base::Error(base::concat(where, ": found values at byte ", begin,
                                     " of the data, expected them at ", covered,
                                     " (no gap, no overlap)"));
    }
    covered = end;
  }
  if (covered != data_size) {
    throw base::Error(
        base::concat(where, ": found ", data_size, " bytes of data, expected ", covered));
  }
  return header;
}

}  // namespace qkv::checkpoint
