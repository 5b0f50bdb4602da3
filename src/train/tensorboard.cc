#include "train/tensorboard.h"

#include <array>
#include <bit>
#include <chrono>
#include <regex>

#include "base/bytes.h"
#include "base/error.h"
#include "base/files.h"
#include "base/format.h"

namespace qkv::train {
namespace {

/// CRC-32C (Castagnoli), bit-reflected polynomial 0x82F63B78.
std::uint32_t crc32c(const std::string& bytes) {
  static const std::array<std::uint32_t, 256> table = [] {
    std::array<std::uint32_t, 256> values{};
    for (std::uint32_t index = 0; index < values.size(); ++index) {
      std::uint32_t value = index;
      for (int bit = 0; bit < 8; ++bit)
        value = (value >> 1U) ^ ((value & 1U) != 0 ? 0x82F63B78U : 0U);
      values[index] = value;
    }
    return values;
  }();
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : bytes)
    crc = table[(crc ^ static_cast<unsigned char>(c)) & 0xFFU] ^ (crc >> 8U);
  return ~crc;
}

/// TFRecord stores checksums rotated and offset, so that records can be nested in records.
std::uint32_t masked_crc(const std::string& bytes) {
  return std::rotr(crc32c(bytes), 15) + 0xA282EAD8U;
}

// Protobuf's wire format: a key (field number and type), then the value.
std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80U; value >>= 7U) bytes += static_cast<char>((value & 0x7FU) | 0x80U);
  return bytes + static_cast<char>(value);
}
std::string key(unsigned field, unsigned type) { return varint(field << 3U | type); }
std::string double_field(unsigned field, double value) {
  return key(field, 1) + base::little_endian(std::bit_cast<std::uint64_t>(value));
}
std::string float_field(unsigned field, float value) {
  return key(field, 5) + base::little_endian(std::bit_cast<std::uint32_t>(value));
}
std::string integer_field(unsigned field, std::uint64_t value) {
  return key(field, 0) + varint(value);
}
std::string bytes_field(unsigned field, const std::string& value) {
  return key(field, 2) + varint(value.size()) + value;
}

/// Event { double wall_time = 1; int64 step = 2; oneof { string file_version = 3; Summary summary =
/// 5; SessionLog session_log = 7 } }
std::string event(std::int64_t step, const std::string& content) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return double_field(1, std::chrono::duration<double>(now).count()) +
         integer_field(2, static_cast<std::uint64_t>(step)) + content;
}

}  // namespace

std::optional<std::filesystem::path> foreign_to_tensorboard(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  static const std::regex ours(R"(events\.out\.tfevents\.[0-9]{6,}\.qkv)");
  if (!fs::exists(folder)) return std::nullopt;
  if (!fs::is_directory(folder)) return folder;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory() || !std::regex_match(entry.path().filename().string(), ours))
      return entry.path();
  }
  return std::nullopt;
}

TensorBoard::TensorBoard(const std::filesystem::path& folder, std::int64_t step) {
  base::make_folder(folder);
  // Readers sort files by name; a number at the beginning keeps them in the order of creation.
  std::string number;
  std::filesystem::path path;
  const auto there = [](const std::filesystem::path& file) {  // includes a link that leads nowhere
    return std::filesystem::exists(std::filesystem::symlink_status(file));
  };
  for (int count = 0; number.empty() || there(path); ++count) {
    number = std::to_string(count);
    number.insert(0, number.size() < 6 ? 6 - number.size() : 0, '0');
    path = folder / base::concat("events.out.tfevents.", number, ".qkv");
  }
  out_.open(path, std::ios::binary);
  if (!out_)
    throw base::Error(base::concat(path.string(), ": cannot create"), base::Error::Fault::kRun);
  record(event(0, bytes_field(3, "brain.Event:2")));
  // SessionLog { status = 1: START = 1 }: readers drop the records of older files from this step
  // on.
  record(event(step + 1, bytes_field(7, integer_field(1, 1))));
  flush();
}

void TensorBoard::scalar(const std::string& tag, std::int64_t step, double value) {
  // Summary { repeated Value value = 1 }, Value { string tag = 1; float simple_value = 2 }
  const std::string summary = bytes_field(1, tag) + float_field(2, static_cast<float>(value));
  record(event(step, bytes_field(5, bytes_field(1, summary))));
}

bool TensorBoard::flush() { return out_.flush().good(); }

void TensorBoard::record(const std::string& event) {
  const std::string length = base::little_endian(static_cast<std::uint64_t>(event.size()));
  out_ << length << base::little_endian(masked_crc(length)) << event
       << base::little_endian(masked_crc(event));
}

}  // namespace qkv::train
