#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/files.h"

namespace qkv {

/// Writes a token file; the file at `path` is complete after finish(), else absent or what it was.
class TokenWriter {
 public:
  /// Ids are below `vocabulary`.
  TokenWriter(const std::filesystem::path& path, std::int64_t vocabulary);

  void add(std::int32_t id) {
    if (id > maximum_id_) maximum_id_ = id;
    if (narrow_) {
      narrow_ids_.push_back(static_cast<std::uint16_t>(id));
    } else {
      wide_ids_.push_back(id);
    }
    if (++size_ % kBuffered == 0) flush();
  }
  /// The ids from here on are a new document.
  void begin_document() { starts_.push_back(size_); }
  std::uint64_t size() const { return size_; }
  /// `text_bytes`: the length of the text that the ids stand for.
  void finish(std::uint64_t text_bytes);

 private:
  static constexpr std::uint64_t kBuffered = 65536;
  void flush();

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  FileWriter file_;
  bool narrow_;
  std::uint64_t size_ = 0;
  std::int32_t maximum_id_ = 0;
  std::vector<std::uint16_t> narrow_ids_;
  std::vector<std::int32_t> wide_ids_;
  std::vector<std::uint64_t> starts_;
};

}  // namespace qkv
