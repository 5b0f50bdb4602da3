#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "spec/model.h"
#include "spec/text.h"
#include "spec/training.h"

namespace qkv::config {

// The structs of a run. Their members are the keys of the JSON config, their initial values its
// defaults; docs/config.md explains each.

struct TokenizerConfig {
  spec::TokenizerKind kind = spec::TokenizerKind::kWord;
  std::int64_t vocabulary = 512;  ///< most pieces learned from text; bytes and specials are added
  std::optional<std::filesystem::path>
      path;  ///< an existing tokenizer.model, used instead of training one
  std::int64_t sample_bytes = 67108864;  ///< the most text that the tokenizer is trained on

  bool operator==(const TokenizerConfig&) const = default;
};

struct DataConfig {
  std::vector<std::filesystem::path> train;
  std::vector<std::filesystem::path> validation;
  double validation_fraction =
      0.1;  ///< cut from the ends of the training files if `validation` is empty
  spec::TextLayout layout = spec::TextLayout::kStream;

  /// Those of `train`, then those of `validation`.
  std::vector<std::filesystem::path> files() const {
    std::vector<std::filesystem::path> all = train;
    all.insert(all.end(), validation.begin(), validation.end());
    return all;
  }

  bool operator==(const DataConfig&) const = default;
};

using spec::TrainingConfig;

struct CheckpointsConfig {
  std::int64_t every = 500;
  std::int64_t keep = 3;
  /// The steps whose weights are kept; nothing: "log", that is 0, the powers of 2 and the last one;
  /// an empty list: "none".
  std::optional<std::vector<std::int64_t>> snapshots;

  /// Whether the weights after this step are kept. `last`: the run ends with it.
  bool has_snapshot(std::int64_t step, bool last) const;

  bool operator==(const CheckpointsConfig&) const = default;
};

struct RuntimeConfig {
  spec::Device device = spec::Device::kAuto;
  spec::Precision precision = spec::Precision::kAuto;
  std::int64_t threads = 0;                       ///< 0: all processors
  spec::Kernels kernels = spec::Kernels::kFused;  ///< fused: if the model allows it

  bool operator==(const RuntimeConfig&) const = default;
};

/// The keys that nobody wrote, dotted ("model.context"): they hold defaults. Whether a value was
/// written is no part of what a config says, so any two of these are equal.
struct Defaults {
  std::set<std::string> keys;

  bool has(const std::string& key) const { return keys.contains(key); }
  bool operator==(const Defaults&) const { return true; }
};

struct Config {
  std::string name = "world";
  std::uint64_t seed = 1;
  TokenizerConfig tokenizer;
  DataConfig data;
  spec::ModelConfig model;
  TrainingConfig training;
  CheckpointsConfig checkpoints;
  RuntimeConfig runtime;
  Defaults defaults;  ///< filled in by parse_config; empty: all keys were set

  bool operator==(const Config&) const = default;
};

/// Reads a config file, applies `overrides` ("model.width=64": the value is JSON if it parses, else
/// a string), checks it against the schema, fills in defaults and makes paths absolute. Paths in
/// the file are relative to its folder, paths in overrides to the working directory. Unknown keys
/// are errors that suggest the nearest known one. Throws Error. check_config makes the
/// cross-checks.
Config load_config(const std::filesystem::path& path,
                   const std::vector<std::string>& overrides = {});

/// The same from a JSON value. `name` appears in messages, and relative paths start at `base`.
/// `ignored_keys` are top-level keys that do not belong to qkv but are allowed.
Config parse_config(base::Json json, const std::string& name, const std::filesystem::path& base,
                    const std::vector<std::string>& ignored_keys = {});

/// model.context for a training text of this many tokens. If it is a default and the layout is
/// stream, it is at most what fits into the text.
std::int64_t fitting_context(const Config& config, std::uint64_t tokens);

/// Every key in the schema's order, defaults included: it is enough to reproduce the run.
base::Json to_json(const Config& config);

/// The most bytes that a run takes on the processor, for a vocabulary of this size.
using RunMemory = std::function<double(const Config&, std::int64_t vocabulary)>;

/// Checks what the schema cannot express: heads divide width, head width is even for rotary, the
/// model fits the machine's memory, and so does the run if `run_memory` says what it takes, …
/// Throws Error that names the key, the value found and what was expected. `name` appears in
/// messages. `vocabulary` is the tokenizer's true size, if known. If it is not, the text may turn
/// out to be short, and a default context that would follow it (fitting_context) is not counted.
void check_config(const Config& config, const std::string& name,
                  std::optional<std::int64_t> vocabulary = std::nullopt,
                  const RunMemory& run_memory = {});

/// The part of check_config that concerns only the model, for opening a checkpoint: sizes that
/// divide each other, weights and position tables that fit the machine's memory.
void check_model(const spec::ModelConfig& model, const std::string& name, std::int64_t vocabulary,
                 const Defaults& defaults = {});

/// Checks that every file that the config names exists and can be read, and that none is used for
/// both training and validation. Throws Error that names the key and the file.
void check_files(const Config& config, const std::string& name);

/// The bytes needed to make the position tables, in double, with their inputs.
double estimate_tables(const spec::ModelConfig& model);

/// The JSON Schema, as in configs/schema.json.
const std::string& config_schema();

/// The member of `known` nearest to `word` by edit distance, or empty if none is near.
std::string nearest(const std::string& word, const std::vector<std::string>& known);

}  // namespace qkv::config
