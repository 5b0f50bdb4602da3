#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "text/corpus/text_file.h"

namespace qkv::text {

/// The ids of a corpus. For layout `lines` also where each document begins; documents are `<s> …
/// </s>`.
///
/// Every byte is compared with its checksum after it was copied from the file, and the file is
/// never mapped: if somebody writes to it or shortens it meanwhile, the result is an error, not a
/// wrong id or a signal. Up to `most_in_memory` bytes of ids are read at once. Larger files are
/// read, and checked, on demand, so that the corpus may be larger than memory.
class TokenFile {
 public:
  static constexpr std::uint64_t kInMemory = std::uint64_t{64} << 20U;

  /// Throws Error if the file is truncated, damaged or no token file. Ids that stay in the file are
  /// checked later.
  explicit TokenFile(const std::filesystem::path& path, std::uint64_t most_in_memory = kInMemory);

  std::uint64_t size() const { return size_; }
  /// Copies ids begin, begin + 1, … into `ids`. Safe from any thread. Throws Error (Fault::kRun) if
  /// the file is damaged there.
  void read(std::uint64_t begin, std::span<std::int32_t> ids) const;
  /// One id. For many ids, read() is much faster.
  std::int32_t operator[](std::uint64_t index) const;
  /// 0 for layout `stream`.
  std::uint64_t documents() const { return documents_; }
  /// The index of the id where document `index` ≤ documents() begins; that of documents() is
  /// size().
  std::uint64_t document_begin(std::uint64_t index) const { return starts_[index]; }
  /// The length in bytes of the text that these ids encode.
  std::uint64_t text_bytes() const { return text_bytes_; }
  /// The largest id in the file; none is negative.
  std::int32_t maximum_id() const { return maximum_id_; }

  /// Whether ids stay in the file until they are needed.
  bool stays_in_file() const { return !ids_; }
  /// Compares a file that stays on disk completely with its checksums, on all processors. Throws
  /// Error.
  void check() const;
  /// The path where it was opened; file().fingerprint() identifies its content.
  const TextFile& file() const { return *file_; }

 private:
  /// Reads `count` bytes after the header, from `at`, a multiple of TokenHeader::kChecked, and
  /// checks them.
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
  std::uint64_t checked_bytes_ = 0;       ///< ids and starts: the part that has checksums
  std::vector<std::uint64_t> checksums_;  ///< of each TokenHeader::kChecked of its bytes
  std::vector<std::uint64_t> starts_;
  std::unique_ptr<char[]> ids_;  ///< if they are in memory
};

}  // namespace qkv::text
