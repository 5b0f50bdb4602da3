#include "train/run_folder.h"

#include <array>

#include "base/error.h"
#include "base/format.h"

namespace qkv {
namespace fs = std::filesystem;
namespace {

constexpr const char* kLock = ".lock";

constexpr const char* kConfig = "config.json";
constexpr const char* kTokenizer = "tokenizer.model";

bool holds_run(const fs::path& path) {
  return fs::is_regular_file(path / kConfig) && fs::is_regular_file(path / kTokenizer);
}

/// Whether nothing would be lost. A run that died before its config.json was written left only a
/// tokenizer and hidden files.
bool holds_nothing(const fs::path& path) {
  if (!fs::exists(path)) return true;
  for (const auto& entry : fs::directory_iterator(path)) {
    const std::string name = entry.path().filename();
    if (name.front() != '.' && name != kTokenizer) return false;
  }
  return true;
}

/// What may differ when a run goes on: how long, how often it reports and saves, where it computes,
/// and where the text lies (its hash is compared instead).
Json comparable(const Config& config) {
  Json json = to_json(config);
  for (const char* key : {"steps", "validate_every", "log_every", "patience"})
    json["training"].erase(key);
  for (const char* key : {"checkpoints", "runtime"}) json.erase(key);
  for (const char* key : {"train", "validation"}) json["data"].erase(key);
  json["tokenizer"].erase("path");
  return json;
}

}  // namespace

RunFolder::RunFolder(fs::path path, RunMode mode)
    : path_(std::move(path)), mode_(mode), checkpoints_(path_) {
  const std::string name = path_.string();
  if (fs::exists(path_) && !fs::is_directory(path_))
    throw Error(concat(name, ": found a file, expected a folder"));
  if (mode == RunMode::kResume && !holds_run(path_))
    throw Error(concat(name, ": holds no run to resume"));
  if (mode == RunMode::kNew && !holds_nothing(path_)) {
    throw Error(concat(name, ": is not empty; expected a new folder, --resume or --overwrite"));
  }
  if (mode == RunMode::kOverwrite && !holds_nothing(path_) && !holds_run(path_)) {
    throw Error(
        concat(name, ": holds something that is not a qkv run; --overwrite removes nothing else"));
  }
  made_ = !fs::exists(path_);
  make_folder(path_);
  lock_ = std::make_unique<FileLock>(path_ / kLock, name);
}

RunFolder::~RunFolder() {
  if (!made_) return;
  std::error_code ignored;
  fs::remove(path_ / kLock, ignored);
  fs::remove(path_, ignored);  // only where it is empty
}

void RunFolder::begin(const Config& config, const Tokenizer& tokenizer) {
  made_ = false;
  if (mode_ == RunMode::kOverwrite) {
    for (const char* part : {kConfig, "checkpoints", "metrics.jsonl", "tensorboard", kTokenizer}) {
      fs::remove_all(path_ / part);
    }
  }
  write_file(path_ / kTokenizer, tokenizer.bytes());
  write_file(path_ / kConfig, to_json(config).dump(2) + "\n");
}

void RunFolder::require_same(const Config& config) const {
  const fs::path path = path_ / kConfig;
  const Json expected = comparable(parse_config(read_json(path), path.string(), path_)).flatten();
  const Json found = comparable(config).flatten();
  for (const auto& [pointer, value] : found.items()) {
    const Json before = expected.value(pointer, Json());
    if (before == value) continue;
    std::string key = pointer.substr(1);
    for (char& c : key) c = c == '/' ? '.' : c;
    throw Error(concat(key, ": found ", value.dump(), ", but the run in ", path_.string(), " has ",
                       before.dump(), "; a resumed run may not change it"));
  }
}

Tokenizer RunFolder::tokenizer(const Config& config) const {
  return Tokenizer::load(path_ / kTokenizer, config.tokenizer.kind);
}

}  // namespace qkv
