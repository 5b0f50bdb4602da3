#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "text/text_file.h"

namespace qkv::text {

/// The ids of a corpus. For layout `lines` also where each document begins; documents are
/// `<s> … </s>`.
///
/// Every byte that is used was compared with its checksum after it had been copied from the file,
/// and the file is never mapped: what somebody writes to it, or cuts off it, meanwhile is an error,
/// neither another id nor a signal. Ids of at most `most_in_memory` bytes are read at once; more
/// are read, and checked, where they are asked for, so that a corpus larger than memory trains.
class TokenFile {
 public:
  static constexpr std::uint64_t kInMemory = std::uint64_t{64} << 20U;

  /// Throws Error where the file is truncated, damaged or not ours, its ids aside where they stay
  /// in the file.
  explicit TokenFile(const std::filesystem::path& path, std::uint64_t most_in_memory = kInMemory);

  std::uint64_t size() const { return size_; }
  /// Ids begin, begin + 1, … into `ids`. Safe from any thread. Throws Error (Fault::kRun) where the
  /// file is damaged there.
  void read(std::uint64_t begin, std::span<std::int32_t> ids) const;
  /// One id. Many cost far less by read().
  std::int32_t operator[](std::uint64_t index) const;
  /// 0 for layout `stream`.
  std::uint64_t documents() const { return documents_; }
  /// Where document `index` ≤ documents() begins; that of documents() is size().
  std::uint64_t document_begin(std::uint64_t index) const { return starts_[index]; }
  /// Bytes of the text that these ids stand for.
  std::uint64_t text_bytes() const { return text_bytes_; }
  /// The greatest id in the file; none is below 0.
  std::int32_t maximum_id() const { return maximum_id_; }

  /// Whether ids stay in the file until they are asked for.
  bool stays_in_file() const { return !ids_; }
  /// Compares all of a file that stays there with its checksums, on all processors. Throws Error.
  void check() const;
  /// Where it was opened; its content is known by file().fingerprint().
  const TextFile& file() const { return *file_; }

 private:
  /// Reads `count` bytes from `at`, a multiple of TokenHeader::kChecked, of what follows the
  /// header, and checks them.
  void read_blocks(std::uint64_t at, std::uint64_t count, char* into) const;
  /// The same for any bytes [begin, end).
  void copy(std::uint64_t begin, std::uint64_t end, char* into) const;

  std::filesystem::path path_;
  std::unique_ptr<const TextFile> file_;
  std::uint64_t size_ = 0;
  std::uint64_t id_bytes_ = 0;
  std::uint64_t documents_ = 0;
  std::uint64_t text_bytes_ = 0;
  std::int32_t maximum_id_ = 0;
  std::uint64_t checked_bytes_ = 0;       ///< ids and starts, that is all that checksums are for
  std::vector<std::uint64_t> checksums_;  ///< of each TokenHeader::kChecked of them
  std::vector<std::uint64_t> starts_;
  std::unique_ptr<char[]> ids_;  ///< where they are in memory
};

}  // namespace qkv::text
