#include "checkpoint/safetensors.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/json.h"
#include "checkpoint/safetensors_header.h"

namespace qkv::checkpoint {
namespace fs = std::filesystem;
namespace {

std::uint64_t byte_count(const PlannedArray& array) {
  const std::size_t size = array.type == NumberType::kInt64 ? sizeof(std::int64_t) : sizeof(float);
  return base::value_count(array.shape) * size;
}

/// The beginning of a file, up to the values.
std::string header_of(const std::vector<PlannedArray>& arrays,
                      const std::map<std::string, std::string>& notes) {
  base::Json header = {{"__metadata__", {{"format", "pt"}}}};
  for (const auto& [name, note] : notes) header["__metadata__"][name] = note;
  std::uint64_t offset = 0;
  auto& members = header.get_ref<base::Json::object_t&>();
  for (const PlannedArray& array : arrays) {
    const std::uint64_t end = offset + byte_count(array);
    const base::Json entry = {{"dtype", array.type == NumberType::kInt64 ? "I64" : "F32"},
                              {"shape", array.shape},
                              {"data_offsets", {offset, end}}};
    members.emplace_back(array.name, entry);  // looks for no earlier one: names differ
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return base::little_endian(std::uint64_t{text.size()}) + text;
}

}  // namespace

void write_safetensors(const fs::path& path, const std::vector<SavedArray>& arrays,
                       const std::map<std::string, std::string>& notes) {
  std::vector<PlannedArray> planned;
  planned.reserve(arrays.size());
  for (const SavedArray& array : arrays)
    planned.push_back({.name = array.name, .shape = array.shape});
  SafetensorsWriter writer(path, planned, notes);
  std::vector<float> values;
  for (std::size_t at = 0; at < arrays.size(); ++at) {
    values.resize(base::value_count(arrays[at].shape));
    arrays[at].copy(values);
    writer.write(at, 0,
                 {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
  }
  writer.finish();
}

SafetensorsWriter::SafetensorsWriter(const fs::path& path, const std::vector<PlannedArray>& arrays,
                                     const std::map<std::string, std::string>& notes)
    : file_(path) {
  const std::string header = header_of(arrays, notes);
  file_.write(header);
  std::uint64_t begin = header.size();
  for (const PlannedArray& array : arrays) {
    begins_.push_back(begin);
    begin += byte_count(array);
  }
}

void SafetensorsWriter::write(std::size_t array, std::uint64_t offset, std::string_view bytes) {
  file_.write_at(begins_[array] + offset, bytes);
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
