#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace qkv::text {

/// The folder where tokenizers, ids and hashes of texts are kept between runs: QKV_CACHE, else
/// XDG_CACHE_HOME/qkv, else ~/.cache/qkv. Entries never change once they exist, and may be deleted
/// at any time.
class CorpusCache {
 public:
  CorpusCache();
  CorpusCache(const CorpusCache&) = delete;
  CorpusCache& operator=(const CorpusCache&) = delete;

  /// The bytes that keep() was given. Nothing if the entry does not exist, cannot be read or is
  /// damaged (which is a warning): it must be made again.
  std::optional<std::string> read(const std::string& name) const;
  /// The path of an entry, if it exists and can be read.
  std::optional<std::filesystem::path> find(const std::string& name) const;
  /// The path to write it to; nothing if the cache cannot be written. The first time, this is a
  /// warning.
  std::optional<std::filesystem::path> place(const std::string& name);
  /// Writes an entry, if the cache can be written: the SHA-256 of the bytes, then the bytes. If it
  /// no longer can, this is as in give_up().
  void keep(const std::string& name, std::string_view bytes);
  /// From now on, the cache cannot be written, which is a warning: writing to a path of place()
  /// failed for this reason, for example because the folder was deleted.
  void give_up(const std::string& reason);

 private:
  std::filesystem::path folder_;
  bool checked_ = false;
  bool writable_ = false;
};

}  // namespace qkv::text
