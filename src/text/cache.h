#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace qkv::text {

/// Of a SHA-256 in hexadecimal digits, as entries hold it.
constexpr std::size_t kHashDigits = 64;

/// The folder where tokenizers, ids and hashes of texts are kept between runs: QKV_CACHE, else
/// XDG_CACHE_HOME/qkv, else ~/.cache/qkv. Entries never change once they exist, and may be deleted
/// at any time.
class CorpusCache {
 public:
  CorpusCache();
  CorpusCache(const CorpusCache&) = delete;
  CorpusCache& operator=(const CorpusCache&) = delete;

  /// The path of an entry, if it exists and can be read.
  std::optional<std::filesystem::path> find(const std::string& name) const;
  /// The path to write it to; nothing if the cache cannot be written. The first time, this is a
  /// warning.
  std::optional<std::filesystem::path> place(const std::string& name);
  /// Writes an entry, if the cache can be written.
  void keep(const std::string& name, std::string_view bytes);

 private:
  std::filesystem::path folder_;
  bool checked_ = false;
  bool writable_ = false;
};

}  // namespace qkv::text
