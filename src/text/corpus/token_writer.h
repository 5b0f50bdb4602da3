#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/temporary_file.h"

namespace qkv::text {

/// Writes a token file. After finish(), the file at `path` is complete; before, it is unchanged.
class TokenWriter {
 public:
  /// Ids are from 0 to below `vocabulary`. Others throw Error when the buffer is full or at the
  /// end.
  TokenWriter(const std::filesystem::path& path, std::int64_t vocabulary);
  /// Writes to a file without a name, which is also complete after finish().
  TokenWriter(const base::TemporaryFile& file, std::int64_t vocabulary);

  void add(std::int32_t id) {
    const auto number =
        static_cast<std::uint32_t>(id);  // negative ids become larger than all others
    if (number > maximum_id_) maximum_id_ = number;
    if (narrow_) {
      narrow_ids_.push_back(static_cast<std::uint16_t>(id));
    } else {
      wide_ids_.push_back(id);
    }
    if (++size_ % kBuffered == 0) flush();
  }
  /// The following ids are a new document.
  void begin_document() { starts_.push_back(size_); }
  std::uint64_t size() const { return size_; }
  /// `text_bytes`: the length of the text that the ids encode.
  void finish(std::uint64_t text_bytes);

 private:
  static constexpr std::uint64_t kBuffered = 65536;
  TokenWriter(const std::filesystem::path& path, const std::filesystem::path& written,
              std::int64_t vocabulary);
  void flush();
  /// Writes bytes that have checksums.
  void write(std::string_view bytes);
  void end_block();

  std::filesystem::path path_;  ///< empty if the file has no name
  std::filesystem::path written_;
  base::FileWriter file_;
  std::int64_t vocabulary_;
  bool narrow_;
  std::uint64_t size_ = 0;
  std::uint32_t maximum_id_ = 0;
  std::string block_;  ///< the bytes written since the last checksum
  std::vector<std::uint64_t> checksums_;
  std::vector<std::uint16_t> narrow_ids_;
  std::vector<std::int32_t> wide_ids_;
  std::vector<std::uint64_t> starts_;
};

}  // namespace qkv::text
