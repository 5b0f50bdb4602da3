#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace qkv::base {

/// The most bytes that are read from a file of each kind. A larger file is refused before it is
/// read.
namespace file_limit {
constexpr std::uint64_t kJson = 16'000'000;        ///< config, trainer.json, grammar, geometry
constexpr std::uint64_t kJsonLines = 256'000'000;  ///< pairs, probes
constexpr std::uint64_t kMetrics = 4'000'000'000;  ///< metrics.jsonl
constexpr std::uint64_t kPrompt = 16'000'000;      ///< a text to continue or to inspect
constexpr std::uint64_t kText = 1'000'000'000;     ///< text to measure on, from standard input
constexpr std::uint64_t kSafetensorsHeader = 100'000'000;  ///< as the reference reader's
constexpr std::uint64_t kTokenizer = 256'000'000;          ///< tokenizer.model
constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();
}  // namespace file_limit

/// A regular file that is open for reading, at any offset and from any thread. It is never mapped:
/// if somebody shortens it meanwhile, the result is an Error, not a signal.
class InputFile {
 public:
  /// Throws Error if the file cannot be opened, is not a regular file, or is larger than `limit`
  /// bytes. Never waits.
  explicit InputFile(std::filesystem::path path, std::uint64_t limit = file_limit::kNone);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// As it was opened.
  const struct stat& status() const { return status_; }
  std::uint64_t size() const { return static_cast<std::uint64_t>(status_.st_size); }

  /// Reads bytes [offset, offset + count); throws Error (Fault::kRun) if the file is shorter.
  void read(std::uint64_t offset, std::uint64_t count, char* into) const;
  /// The same, but fewer at the end of the file; returns their number.
  std::uint64_t read_some(std::uint64_t offset, std::uint64_t count, char* into) const;

 private:
  std::filesystem::path path_;
  int descriptor_;
  struct stat status_ {};
};

/// Writes a new file through a buffer. A failed write, as on a full disk, throws Error with
/// Fault::kRun. The destructor removes a file that was not finished.
class FileWriter {
 public:
  explicit FileWriter(std::filesystem::path path);
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  void write(std::string_view bytes);
  /// Writes at an offset: over bytes already written, for example a header whose counts are known
  /// last, or beyond them.
  void write_at(std::uint64_t offset, std::string_view bytes);
  std::uint64_t size() const { return size_; }
  /// Passes the buffered bytes to the system.
  void flush();
  /// Flushes, fsyncs and closes.
  void finish();

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  std::string buffer_;
  std::uint64_t size_ = 0;
};

/// An exclusive lock on a file, created if absent, that is released when the process ends.
class FileLock {
 public:
  /// Throws Error if another process holds it, or if the file is a link, which is not followed.
  /// `what` names the locked thing in the message.
  FileLock(const std::filesystem::path& path, const std::string& what);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int descriptor_ = -1;
};

/// The whole file; `-` is standard input. Throws Error if it cannot be read or holds more than
/// `limit` bytes. Accepts regular files, pipes that a shell made (/dev/stdin, <(...)) and a
/// terminal as standard input. Refuses named pipes and devices at once, since they may never end.
std::string read_file(const std::filesystem::path& path, std::uint64_t limit = file_limit::kText);

/// Writes a file that nobody reads yet, since it is not complete at all times. Throws Error
/// (Fault::kRun), and then leaves no file.
void write_new_file(const std::filesystem::path& path, std::string_view bytes);

/// Replaces the file by one that holds `bytes`, completely or not at all. The new file has the
/// permissions of the old one. A link is replaced, not followed. Throws Error (Fault::kRun).
void write_file(const std::filesystem::path& path, std::string_view bytes);

/// The same for a file that `write` writes to the path that it receives.
void replace_file(const std::filesystem::path& path,
                  const std::function<void(const std::filesystem::path&)>& write);

/// The file that the links at `path` lead to, for write_file. Throws Error unless a file can be
/// made there and replaces no folder, device or pipe. Call it before long work whose result is
/// written there.
std::filesystem::path writable_file(const std::filesystem::path& path);

/// The folder of a file, "." if `path` is only a name.
std::filesystem::path folder_of(const std::filesystem::path& path);

/// Makes renames and new files inside `folder` durable.
void sync_folder(const std::filesystem::path& folder);

/// Makes the folder if needed. Throws Error with this fault if it cannot be made or the path is not
/// a folder.
void make_folder(const std::filesystem::path& folder, Error::Fault fault = Error::Fault::kInput);

/// A name next to `path` that no other process uses, for a file that is renamed to `path` when
/// complete.
std::filesystem::path temporary_name(const std::filesystem::path& path);

/// The name that `path` would be renamed to, if its own name was made by temporary_name (also in
/// its earlier format with fewer numbers); otherwise nothing.
std::optional<std::string> named_by_temporary(const std::filesystem::path& path);

/// The SHA-256 of bytes that arrive in parts.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(std::string_view bytes);
  /// 64 hex digits; ends the computation.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// SHA-256 as 64 hex digits.
std::string sha256(std::string_view bytes);
std::string sha256_file(const InputFile& file);
std::string sha256_file(const std::filesystem::path& path, std::uint64_t limit = file_limit::kNone);

}  // namespace qkv::base
