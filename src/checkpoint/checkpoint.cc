#include "checkpoint/checkpoint.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/version.h"
#include "checkpoint/checkpoint_folder.h"
#include "checkpoint/llama.h"
#include "config/run_files.h"
#include "config/schema.h"
#include "engine/model.h"

namespace qkv::checkpoint {
namespace fs = std::filesystem;
namespace {

using config::kConfigFile;
using config::kOptimizerFile;
using config::kTokenizerFile;
using config::kTrainerFile;
using config::kWeightsFile;

base::Json to_json(const std::optional<MeasuredLoss>& measured) {
  if (!measured) return nullptr;
  return {{"loss", measured->loss}, {"step", measured->step}};
}

/// An object of trainer.json, read member by member. Each call throws Error if the member is absent
/// or not such a value.
class Members {
 public:
  Members(const base::Json& object, std::string where)
      : object_(object), where_(std::move(where)) {}

  std::int64_t natural(const char* key, std::int64_t most) const {
    const base::Json& value = at(key);
    if (!value.is_number_unsigned() ||
        value.get<std::uint64_t>() > static_cast<std::uint64_t>(most)) {
      refuse(key, value, base::concat("a whole number from 0 to ", most));
    }
    return value;
  }
  double loss(const char* key) const {
    if (!at(key).is_number() || at(key) < 0) refuse(key, at(key), "a number from 0");
    return at(key);
  }
  std::string text(const char* key) const {
    if (!at(key).is_string()) refuse(key, at(key), "a text");
    return at(key);
  }
  Members object(const char* key) const {
    if (!at(key).is_object()) refuse(key, at(key), "an object");
    return {at(key), base::concat(where_, ": ", key)};
  }
  /// A loss measured at `latest` or before, or null.
  std::optional<MeasuredLoss> measured(const char* key, std::int64_t latest) const {
    if (at(key).is_null()) return std::nullopt;
    const Members members = object(key);
    return MeasuredLoss{.loss = members.loss("loss"), .step = members.natural("step", latest)};
  }

  [[noreturn]] void refuse(const char* key, const base::Json& found,
                           const std::string& expected) const {
    throw base::Error(
        base::concat(where_, ": ", key, ": found ", config::shown(found), ", expected ", expected));
  }

 private:
  const base::Json& at(const char* key) const {
    const auto member = object_.find(key);
    if (member == object_.end())
      throw base::Error(base::concat(where_, ": found no ", base::quoted(key)));
    return *member;
  }

  const base::Json& object_;
  std::string where_;
};

/// trainer.json as JSON, or null if the folder has none (a checkpoint of another program).
base::Json read_trainer(const fs::path& checkpoint) {
  const fs::path path = checkpoint / kTrainerFile;
  if (!fs::exists(path)) return {};
  base::Json trainer = base::read_json(path);
  if (!trainer.is_object() || !trainer.contains("files") || !trainer["files"].is_object()) {
    throw base::Error(base::concat(
        path.string(), ": found no object \"files\", expected the SHA-256 of each file"));
  }
  return trainer;
}

base::Json to_json(const TrainerState& state) {
  return {{"step", state.step},
          {"tokens", state.tokens},
          {"best", to_json(state.best)},
          {"best_checkpoint", to_json(state.best_checkpoint)},
          {"validations_without_best", state.validations_without_best},
          {"randomness", "every stream derives from config.json's seed and the step"},
          {"versions", {{"qkv", base::version()}, {"libtorch", state.libtorch}}},
          {"corpus",
           {{"train_sha256", state.train_hash}, {"validation_sha256", state.validation_hash}}}};
}

/// Throws Error unless trainer.json has this SHA-256 for this file.
void require_undamaged(const fs::path& file, const std::string& hash, const base::Json& trainer) {
  if (trainer.is_null()) return;
  const base::Json expected = trainer["files"].value(file.filename().string(), base::Json());
  if (!expected.is_string()) {
    throw base::Error(base::concat((file.parent_path() / kTrainerFile).string(),
                                   ": found no SHA-256 of ", file.filename().string(),
                                   ", expected one"));
  }
  if (expected != hash) {
    throw base::Error(base::concat(file.string(), ": damaged: found SHA-256 ", hash.substr(0, 16),
                                   "…, expected ", expected.get<std::string>().substr(0, 16),
                                   "… (trainer.json)"));
  }
}

/// Whether a name is one of step_path's: other files in the folder are not read or removed.
bool is_step(const fs::path& path) { return is_step_name(path.filename()); }

bool is_link_name(const fs::path& name) { return name == "best" || name == "last"; }

/// Whether a name is that of an interrupted save.
bool is_leftover(const fs::path& path) {
  const auto name = base::named_by_temporary(path);
  return name && (is_step_name(*name) || is_link_name(*name));
}

/// Something in a checkpoint's folder that is none of its files, or nothing. `folder` itself if it
/// is not a folder.
std::optional<fs::path> foreign_in_step(const fs::path& folder) {
  const auto& files = config::kCheckpointFiles;
  if (!fs::is_directory(folder)) return folder;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const bool ours = std::find(files.begin(), files.end(), entry.path().filename()) != files.end();
    if (!ours || entry.is_directory()) return entry.path();
  }
  return std::nullopt;
}

/// Whether `place` is a checkpoint that equals one next to it: a link to that one becomes such a
/// folder if a copy follows links (cp -rL). trainer.json holds the hash of each other file.
bool is_copy_of_step(const fs::path& place) {
  if (fs::is_symlink(place) || !fs::is_regular_file(place / kTrainerFile) || foreign_in_step(place))
    return false;
  const std::string trainer = base::read_file(place / kTrainerFile, base::file_limit::kJson);
  for (const auto& entry : fs::directory_iterator(place.parent_path())) {
    if (is_step(entry.path()) && fs::is_regular_file(entry.path() / kTrainerFile) &&
        base::read_file(entry.path() / kTrainerFile, base::file_limit::kJson) == trainer)
      return true;
  }
  return false;
}

/// A link to `target`, replaced in one step.
void swap_link(const fs::path& link, const fs::path& target, LinkKind kind) {
  if (is_copy_of_step(link)) {
    const fs::path temporary = base::temporary_name(link);
    std::error_code code;
    fs::rename(link, temporary, code);
    fs::remove_all(temporary, code);
  }
  write_step_link(link, target, kind);
}

/// The most tokens that `steps` steps can read.
std::int64_t most_tokens(const config::Config& config, std::int64_t steps) {
  std::int64_t tokens = steps;
  bool overflows = false;
  for (const std::int64_t factor :
       {config.training.batch_size, config.training.accumulation, config.model.context})
    overflows |= __builtin_mul_overflow(tokens, factor, &tokens);
  return overflows ? std::numeric_limits<std::int64_t>::max() : tokens;
}

/// The state in trainer.json of a checkpoint in `folder`, from a run with this config. Throws Error
/// if such a run cannot have reached one of its numbers.
TrainerState state_from(const base::Json& json, const fs::path& folder,
                        const config::Config& config) {
  TrainerState state;
  if (json.is_null()) return state;
  const Members members(json, (folder / kTrainerFile).string());
  state.step = members.natural("step", config.training.steps);
  if (is_step(folder) && folder.filename() != step_name(state.step))
    members.refuse("step", state.step, base::concat("that of ", folder.filename().string()));
  state.tokens =
      static_cast<std::uint64_t>(members.natural("tokens", most_tokens(config, state.step)));
  state.best = members.measured("best", state.step);
  state.best_checkpoint = members.measured("best_checkpoint", state.step);
  state.validations_without_best = members.natural("validations_without_best", state.step);
  const Members corpus = members.object("corpus");
  state.train_hash = corpus.text("train_sha256");
  state.validation_hash = corpus.text("validation_sha256");
  return state;
}

/// The most bytes of a safetensors file with this many values.
std::uint64_t largest_safetensors(double values) {
  return static_cast<std::uint64_t>(values * sizeof(float)) + sizeof(std::uint64_t) +
         base::file_limit::kSafetensorsHeader;
}

/// Writes a file of a folder that nobody reads yet: it need not be complete at all times.
void write_new_file(const fs::path& path, std::string_view bytes) {
  base::FileWriter file(path);
  file.write(bytes);
  file.finish();
}

bool holds_weights(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / kWeightsFile, ignored);
}

/// Whether step folder `a` is of an earlier step than `b`: names become longer after 9,999,999.
bool earlier(const fs::path& a, const fs::path& b) {
  const std::string left = a.filename();
  const std::string right = b.filename();
  return left.size() != right.size() ? left.size() < right.size() : left < right;
}

}  // namespace

fs::path find_checkpoint(const fs::path& path) {
  if (holds_weights(path)) return path;
  fs::path best = path / config::kCheckpointsFolder / "best";
  for (const fs::path& place : {path, best}) {
    auto name = read_step_link(place);
    while (name && (place != path || is_step_name(*name))) {
      fs::path target = place.parent_path() / *name;
      if (holds_weights(target)) return target;
      const auto before = std::exchange(name, read_step_link(place));
      if (name != before) continue;  // a running training has replaced it
      throw base::Error(base::concat(
          place.string(), ": points to ", name->string(),
          ", which does not exist, expected a checkpoint; qkv-train --resume points it "
          "to the best remaining one"));
    }
  }
  // A copy of a run may have a folder instead of the link.
  if (holds_weights(best)) return best;
  std::error_code ignored;
  if (!fs::exists(path, ignored))
    throw base::Error(
        base::concat(path.string(), ": not found, expected a checkpoint or run folder"));
  throw base::Error(base::concat(path.string(), ": found neither ", kWeightsFile,
                                 " nor checkpoints/best, expected a checkpoint or run folder"));
}

namespace {

config::Config parse_checkpoint_config(const fs::path& folder, const std::string& text) {
  const std::string name = (folder / kConfigFile).string();
  return config::parse_config(base::parse_json(text, name), name, folder, llama_key_names());
}

/// The arrays in the order of `weights`. Throws Error, naming `where`, unless names and shapes are
/// exactly theirs.
std::vector<base::Array> in_order(base::NamedArrays arrays, const spec::WeightList& weights,
                                  const std::string& where) {
  std::map<std::string, base::Array*> found;
  for (auto& [name, array] : arrays) found.emplace(name, &array);
  std::vector<base::Array> ordered;
  for (const spec::Weight& weight : weights.all) {
    const auto array = found.find(weight.name);
    if (array == found.end())
      throw base::Error(base::concat(where, ": found no tensor ", base::quoted(weight.name),
                                     ", expected one of shape ", base::shape_text(weight.shape)));
    if (array->second->shape != weight.shape) {
      throw base::Error(base::concat(where, ": tensor ", base::quoted(weight.name),
                                     ": found shape ", base::shape_text(array->second->shape),
                                     ", expected ", base::shape_text(weight.shape)));
    }
    ordered.push_back(std::move(*array->second));
    found.erase(array);
  }
  if (!found.empty())
    throw base::Error(base::concat(where, ": found tensor ", base::quoted(found.begin()->first),
                                   ", which this model does not have"));
  return ordered;
}

/// Throws Error, naming `where` and the tensor, if a value is not finite.
void require_finite(const base::NamedArrays& arrays, const std::string& where) {
  const auto is_wrong = [](float value) { return !std::isfinite(value); };
  for (const auto& [name, array] : arrays) {
    const auto& values = array.values;
    const auto first = std::find_if(values.begin(), values.end(), is_wrong);
    if (first == values.end()) continue;
    throw base::Error(base::concat(where, ": tensor ", base::quoted(name), ": found ",
                                   std::count_if(first, values.end(), is_wrong), " of ",
                                   values.size(), " values that are not finite, the first is ",
                                   *first, ", expected finite numbers"));
  }
}

/// The config as written into a checkpoint, which people share: only the names of the files.
config::Config with_names_only(config::Config config) {
  for (auto* paths : {&config.data.train, &config.data.validation}) {
    for (fs::path& path : *paths) path = path.filename();
  }
  if (auto& path = config.tokenizer.path) path = path->filename();
  return config;
}

/// The run's folder, if the checkpoint is in one.
std::optional<fs::path> run_of(const fs::path& checkpoint) {
  std::error_code code;
  const fs::path checkpoints = fs::canonical(checkpoint, code).parent_path();
  if (code || checkpoints.filename() != config::kCheckpointsFolder) return std::nullopt;
  return checkpoints.parent_path();
}

/// Takes the paths of the named files from the config.json of the run that contains a checkpoint.
void find_files(config::Config& config, const fs::path& checkpoint) {
  const auto run = run_of(checkpoint);
  std::error_code ignored;
  if (!run || !fs::is_regular_file(*run / kConfigFile, ignored)) return;
  try {
    const config::Config around =
        config::parse_config(base::read_json(*run / kConfigFile), kConfigFile, *run);
    config.data.train = around.data.train;
    config.data.validation = around.data.validation;
    config.tokenizer.path = around.tokenizer.path;
  } catch (const base::Error&) {
    return;  // the checkpoint can be opened without it
  }
}

}  // namespace

std::string checkpoint_name(const fs::path& checkpoint) {
  const auto names = [&](const char* part) {
    return std::find(checkpoint.begin(), checkpoint.end(), part) != checkpoint.end();
  };
  if (checkpoint.is_relative() && !names("..") && !names(".")) return checkpoint.string();
  fs::path place = fs::absolute(checkpoint).lexically_normal();
  if (!place.has_filename()) place = place.parent_path();
  const fs::path checkpoints = place.parent_path();
  if (checkpoints.filename() != config::kCheckpointsFolder) return place.filename();
  return checkpoints.parent_path().filename() / checkpoints.filename() / place.filename();
}

config::Config checkpoint_config(const fs::path& checkpoint) {
  return parse_checkpoint_config(
      checkpoint, base::read_file(checkpoint / kConfigFile, base::file_limit::kJson));
}

namespace {

Checkpoint open_folder(const fs::path& folder) {
  const base::Json trainer = read_trainer(folder);

  const std::string config_text = base::read_file(folder / kConfigFile, base::file_limit::kJson);
  std::string config_hash = base::sha256(config_text);
  require_undamaged(folder / kConfigFile, config_hash, trainer);
  config::Config config = parse_checkpoint_config(folder, config_text);
  TrainerState state = state_from(trainer, folder, config);
  find_files(config, folder);

  std::string tokenizer_bytes =
      base::read_file(folder / kTokenizerFile, base::file_limit::kTokenizer);
  require_undamaged(folder / kTokenizerFile, base::sha256(tokenizer_bytes), trainer);
  text::Tokenizer tokenizer = text::Tokenizer::from_bytes(
      std::move(tokenizer_bytes), config.tokenizer.kind, (folder / kTokenizerFile).string());
  config::check_model(config.model, (folder / kConfigFile).string(), tokenizer.size());

  const fs::path weights = folder / kWeightsFile;
  // The time for hashing a file grows with its size, which this config limits.
  const base::InputFile file(
      weights, largest_safetensors(spec::count_parameters(config.model, tokenizer.size())));
  std::string weights_hash = base::sha256_file(file);
  base::NamedArrays arrays = read_safetensors(file);
  require_undamaged(weights, weights_hash, trainer);
  require_finite(arrays, weights.string());
  // Before the model takes memory of the config's size.
  std::vector<base::Array> ordered = in_order(
      std::move(arrays), spec::WeightList(config.model, tokenizer.size()), weights.string());
  auto model =
      std::make_shared<const engine::Model>(config.model, tokenizer.size(), std::move(ordered));
  return {.path = folder,
          .config = std::move(config),
          .tokenizer = std::move(tokenizer),
          .model = std::move(model),
          .state = std::move(state),
          .config_hash = std::move(config_hash),
          .weights_hash = std::move(weights_hash)};
}

/// The folder with all links resolved; empty if it no longer exists.
fs::path true_place(const fs::path& folder) {
  std::error_code code;
  return fs::canonical(folder, code);
}

/// Whether `path` now selects another folder than `place`, which a running training may have
/// removed.
bool has_moved_on(const fs::path& path, const fs::path& place) {
  try {
    const fs::path now = true_place(find_checkpoint(path));
    return now.empty() || now != place;
  } catch (const base::Error&) {
    return false;
  }
}

}  // namespace

Checkpoint open_checkpoint(const fs::path& path) {
  using Clock = std::chrono::steady_clock;
  const auto latest = Clock::now() + std::chrono::seconds(10);
  while (true) {
    const fs::path folder = find_checkpoint(path);
    const fs::path place = true_place(folder);
    try {
      return open_folder(folder);
    } catch (const std::runtime_error&) {  // also of the file system
      if (Clock::now() > latest || !has_moved_on(path, place)) throw;
    }
  }
}

fs::path CheckpointFolder::step_path(std::int64_t step) const { return folder_ / step_name(step); }

void CheckpointFolder::save(const config::Config& config, const text::Tokenizer& tokenizer,
                            const std::vector<SavedArray>& weights,
                            const std::vector<SavedArray>& optimizer,
                            const TrainerState& state) const {
  base::make_folder(folder_, base::Error::Fault::kRun);
  const fs::path target = step_path(state.step);
  const fs::path temporary = base::temporary_name(target);
  std::error_code code;
  if (fs::symlink_status(target, code).type() != fs::file_type::not_found) {
    if (const auto foreign = foreign_in_step(target)) {
      throw base::Error(base::concat(foreign->string(), ": found in the place of a checkpoint, ",
                                     "expected nothing that qkv did not write"),
                        base::Error::Fault::kRun);
    }
  }
  try {
    base::make_folder(temporary, base::Error::Fault::kRun);
    base::Json json = to_json(with_names_only(config));
    json.update(llama_keys(config.model, tokenizer.size()));
    write_new_file(temporary / kConfigFile, json.dump(2) + "\n");
    write_new_file(temporary / kTokenizerFile, tokenizer.bytes());
    write_safetensors(temporary / kWeightsFile, weights);
    write_safetensors(temporary / kOptimizerFile, optimizer);
    base::Json trainer = to_json(state);
    for (const char* file : {kConfigFile, kTokenizerFile, kWeightsFile, kOptimizerFile})
      trainer["files"][file] = base::sha256_file(temporary / file);
    write_new_file(temporary / kTrainerFile, trainer.dump(2) + "\n");
    base::sync_folder(temporary);
  } catch (...) {
    fs::remove_all(temporary, code);
    throw;
  }
  // If the step was saved before, the two folders are exchanged in one step, so that one always
  // exists.
  const bool traded =
      ::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) == 0;
  if (!traded) {  // nothing there, or a file system that cannot exchange
    fs::remove_all(target, code);
    fs::rename(temporary, target, code);
  }
  if (code) {
    const std::string why = code.message();
    fs::remove_all(temporary, code);
    throw base::Error(base::concat(target.string(), ": cannot be put in place: ", why),
                      base::Error::Fault::kRun);
  }
  base::sync_folder(folder_);
  if (traded) fs::remove_all(temporary, code);
}

void CheckpointFolder::update_links(const TrainerState& state, std::int64_t keep) const {
  const fs::path last = step_path(state.step).filename();
  const auto& measured = state.best_checkpoint;
  const fs::path best =
      measured && holds(measured->step) ? step_path(measured->step).filename() : last;
  swap_link(folder_ / "last", last, links_);
  swap_link(folder_ / "best", best, links_);
  base::sync_folder(folder_);

  std::vector<fs::path> others;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const fs::path name = entry.path().filename();
    if (is_step(name) && name != last && name != best && name != step_path(0).filename() &&
        holds_weights(entry.path()) && !foreign_in_step(entry.path()))
      others.push_back(name);
  }
  std::sort(others.begin(), others.end(),
            [](const fs::path& a, const fs::path& b) { return earlier(b, a); });
  // Renamed first to a name that no reader accepts as a checkpoint: half a removal leaves none.
  for (std::size_t index = static_cast<std::size_t>(std::max<std::int64_t>(keep, 0));
       index < others.size(); ++index) {
    std::error_code ignored;
    const fs::path doomed = base::temporary_name(folder_ / others[index]);
    fs::rename(folder_ / others[index], doomed, ignored);
    fs::remove_all(doomed, ignored);
  }
}

std::optional<fs::path> CheckpointFolder::newest() const {
  std::optional<fs::path> newest;
  if (!fs::is_directory(folder_)) return newest;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (is_leftover(entry.path())) {
      std::error_code ignored;
      fs::remove_all(entry.path(), ignored);
    } else if (is_step(entry.path()) && holds_weights(entry.path()) &&
               (!newest || earlier(*newest, entry.path()))) {
      newest = entry.path();
    }
  }
  return newest;
}

std::optional<MeasuredLoss> CheckpointFolder::best_of(
    const std::vector<MeasuredLoss>& measured) const {
  std::optional<MeasuredLoss> best;
  for (const MeasuredLoss& one : measured) {
    if (holds(one.step) && (!best || one.loss < best->loss)) best = one;
  }
  return best;
}

bool CheckpointFolder::holds(std::int64_t step) const { return holds_weights(step_path(step)); }

std::optional<fs::path> CheckpointFolder::foreign() const {
  if (!fs::exists(folder_)) return std::nullopt;
  if (!fs::is_directory(folder_)) return folder_;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const fs::path& path = entry.path();
    if (is_leftover(path)) continue;
    if (!is_step(path) && !is_link_name(path.filename())) return path;
    if (entry.is_symlink() || (is_link_name(path.filename()) && read_step_link(path))) continue;
    if (auto found = foreign_in_step(path)) return found;
  }
  return std::nullopt;
}

base::NamedArrays read_optimizer(const fs::path& checkpoint) {
  const fs::path path = checkpoint / kOptimizerFile;
  // At most two moments for each weight.
  const double weights =
      static_cast<double>(fs::file_size(checkpoint / kWeightsFile)) / sizeof(float);
  const base::InputFile file(path, largest_safetensors(2 * weights));
  require_undamaged(path, base::sha256_file(file), read_trainer(checkpoint));
  base::NamedArrays arrays = read_safetensors(file);
  require_finite(arrays, path.string());
  return arrays;
}

}  // namespace qkv::checkpoint
