#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace qkv::text {

/// The folder where tokenizers, ids and hashes of texts are kept from run to run: QKV_CACHE, else
/// XDG_CACHE_HOME/qkv, else ~/.cache/qkv. Entries never change once they are there and may be
/// deleted at any time.
class CorpusCache {
 public:
  CorpusCache();
  CorpusCache(const CorpusCache&) = delete;
  CorpusCache& operator=(const CorpusCache&) = delete;

  /// What keep() was given. Nothing where the entry is not there, or no longer there, cannot be
  /// read or is damaged, of which a warning says so: it must be made again.
  std::optional<std::string> read(const std::string& name) const;
  /// Where an entry is, if it is there and may be read.
  std::optional<std::filesystem::path> find(const std::string& name) const;
  /// Where to write it; nothing where nothing can be written, of which a warning says so once.
  std::optional<std::filesystem::path> place(const std::string& name);
  /// Writes an entry, where that can be: the SHA-256 of the bytes, then the bytes.
  void keep(const std::string& name, std::string_view bytes);

 private:
  std::filesystem::path folder_;
  bool checked_ = false;
  bool writable_ = false;
};

}  // namespace qkv::text
