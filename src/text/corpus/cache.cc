#include "text/corpus/cache.h"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <regex>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/log.h"

namespace qkv::text {
namespace {

namespace fs = std::filesystem;

fs::path cache_folder() {
  const auto variable = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
  if (const std::string own = variable("QKV_CACHE"); !own.empty()) return fs::absolute(own);
  if (const std::string shared = variable("XDG_CACHE_HOME"); !shared.empty())
    return fs::absolute(shared) / "qkv";
  if (const std::string home = variable("HOME"); !home.empty())
    return fs::absolute(home) / ".cache" / "qkv";
  return {};
}

// Permissions are not enough (read-only file systems, root): write something.
void try_to_write(const fs::path& folder) {
  base::make_folder(folder);
  base::FileWriter probe(base::temporary_name(folder / "probe"));
  probe.write(std::string(4096, ' '));
  probe.flush();  // on a full disk, the file can be made but not filled
}

/// Whether this is the name of an unfinished cache entry: temporary_name makes it from the entry's
/// name.
bool is_unfinished_entry(const fs::path& path) {
  static const std::regex entry("probe|(text|tokenizer|tokens|checked)-[0-9a-f]{64}");
  const auto name = base::named_by_temporary(path);
  return name && std::regex_match(*name, entry);
}

/// Removes what killed writers left, and nothing else. A writer that still runs has changed its
/// file within the last day.
void remove_leftovers(const fs::path& folder) {
  std::error_code ignored;
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(24);
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const bool file = entry.is_regular_file(ignored) && !entry.is_symlink(ignored);
    if (file && is_unfinished_entry(entry.path()) && entry.last_write_time(ignored) < old) {
      fs::remove(entry.path(), ignored);
    }
  }
}

}  // namespace

CorpusCache::CorpusCache() : folder_(cache_folder()) {}

std::optional<std::string> CorpusCache::read(const std::string& name) const {
  constexpr std::size_t kHashDigits = 64;
  const fs::path entry = folder_ / name;
  try {
    std::string bytes = base::read_file(entry, base::file_limit::kTokenizer);
    const std::string hash = bytes.substr(0, kHashDigits);
    bytes.erase(0, kHashDigits);
    if (base::sha256(bytes) == hash) return bytes;
    base::log::warning(base::concat(entry.string(), ": damaged, made again"));
  } catch (const base::Error& error) {
    // Often there is none, and who deletes the cache does so at any moment.
    if (find(name)) base::log::warning(base::concat(error.what(), "; made again"));
  }
  return std::nullopt;
}

std::optional<fs::path> CorpusCache::find(const std::string& name) const {
  std::error_code unreadable;
  fs::path entry = folder_ / name;
  if (!fs::is_regular_file(entry, unreadable) || ::access(entry.c_str(), R_OK) != 0) return {};
  return entry;
}

std::optional<fs::path> CorpusCache::place(const std::string& name) {
  if (!checked_) {
    checked_ = true;
    try {
      if (folder_.empty()) throw base::Error("none of QKV_CACHE, XDG_CACHE_HOME and HOME is set");
      try_to_write(folder_);
      remove_leftovers(folder_);
      writable_ = true;
    } catch (const base::Error& error) {
      give_up(error.what());
    }
  }
  if (!writable_) return std::nullopt;
  return folder_ / name;
}

void CorpusCache::keep(const std::string& name, std::string_view bytes) {
  const auto path = place(name);
  if (!path) return;
  try {
    base::write_file(*path, base::concat(base::sha256(bytes), bytes));
  } catch (const base::Error& error) {
    give_up(error.what());
  }
}

void CorpusCache::give_up(const std::string& reason) {
  writable_ = false;
  base::log::warning(base::concat(
      "cannot write to the cache, so tokenizers and ids are made again in each run: ", reason));
}

}  // namespace qkv::text
