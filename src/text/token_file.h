#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/files.h"

namespace qkv {

/// The ids of a corpus, memory-mapped: a corpus larger than memory trains. For layout `lines` also
/// where each document begins; documents are `<s> … </s>`.
class TokenFile {
 public:
  /// Throws Error where the file is truncated, its header is not ours or its documents are out of
  /// order.
  explicit TokenFile(const std::filesystem::path& path);

  std::uint64_t size() const { return size_; }
  std::int32_t operator[](std::uint64_t index) const {
    return wide_ ? wide_[index] : static_cast<std::int32_t>(narrow_[index]);
  }
  /// 0 for layout `stream`.
  std::uint64_t documents() const { return documents_; }
  /// Where document `index` ≤ documents() begins; that of documents() is size().
  std::uint64_t document_begin(std::uint64_t index) const { return starts_[index]; }
  /// Bytes of the text that these ids stand for.
  std::uint64_t text_bytes() const { return text_bytes_; }
  /// The greatest id in the file, as its writer noted.
  std::int32_t maximum_id() const { return maximum_id_; }

 private:
  MappedFile file_;
  std::uint64_t size_ = 0;
  std::uint64_t documents_ = 0;
  std::uint64_t text_bytes_ = 0;
  std::int32_t maximum_id_ = 0;
  const std::int32_t* wide_ = nullptr;
  const std::uint16_t* narrow_ = nullptr;
  const std::uint64_t* starts_ = nullptr;
};

}  // namespace qkv
