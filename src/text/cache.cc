#include "text/cache.h"

#include <stdlib.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/log.h"

namespace qkv {
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

// Permissions say too little (read-only file systems, root): write something.
void try_to_write(const fs::path& folder) {
  make_folder(folder);
  FileWriter probe(temporary_name(folder / "probe"));
}

}  // namespace

Cache::Cache() : folder_(cache_folder()) {}

Cache::~Cache() {
  std::error_code ignored;
  if (!scratch_.empty()) fs::remove_all(scratch_, ignored);
}

fs::path Cache::place(const std::string& name) {
  if (!checked_) {
    checked_ = true;
    try {
      if (folder_.empty()) throw Error("none of QKV_CACHE, XDG_CACHE_HOME and HOME is set");
      try_to_write(folder_);
      writable_ = true;
    } catch (const Error& error) {
      log::warning(concat("no cache, so texts are encoded again each time: ", error.what()));
    }
  }
  return (writable_ ? folder_ : scratch()) / name;
}

const fs::path& Cache::scratch() {
  if (scratch_.empty()) {
    std::string pattern = (fs::temp_directory_path() / "qkv-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
      throw Error(concat(pattern, ": cannot make a temporary folder: ", std::strerror(errno)),
                  Error::Fault::kRun);
    }
    scratch_ = pattern;
  }
  return scratch_;
}

}  // namespace qkv
