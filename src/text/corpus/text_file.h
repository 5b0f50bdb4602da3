#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/files.h"

namespace qkv::text {

/// A part of a text file, in bytes.
struct TextRange {
  std::filesystem::path path;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t size() const { return end - begin; }
};

/// An open text file.
class TextFile {
 public:
  /// Throws Error if it cannot be opened or is not a regular file.
  explicit TextFile(std::filesystem::path path);

  std::uint64_t size() const { return file_.size(); }
  /// Identifies this content of this file as far as the file system can: path, inode, size,
  /// modification time.
  const std::string& fingerprint() const { return fingerprint_; }
  /// Changed so recently that another change might leave the same fingerprint.
  bool changed_just_now() const { return changed_just_now_; }
  /// Whether it and `other` are one file on disk.
  bool same_file(const TextFile& other) const { return identity_ == other.identity_; }

  /// Bytes [offset, offset + count); fewer at the end of the file.
  std::string read(std::uint64_t offset, std::uint64_t count) const;
  const base::InputFile& bytes() const { return file_; }

  /// `offset` moved back to the beginning of a character or of a line.
  std::uint64_t character_begin(std::uint64_t offset) const;
  std::uint64_t line_begin(std::uint64_t offset) const;
  /// Where the line that holds byte `offset` ends, its newline included.
  std::uint64_t line_end(std::uint64_t offset) const;

 private:
  base::InputFile file_;
  std::string fingerprint_;
  std::string identity_;
  bool changed_just_now_ = false;
};

/// Reads a range in blocks of whole characters, checked to be UTF-8.
class TextReader {
 public:
  explicit TextReader(const TextRange& range);

  /// The next block, valid until the next call; empty at the end. Throws Error with file and byte
  /// offset on invalid UTF-8, and if the file has become shorter.
  std::string_view next();

 private:
  TextFile file_;
  TextRange range_;
  std::uint64_t offset_;  ///< offset in the file of the next block
  std::string block_;
};

}  // namespace qkv::text
