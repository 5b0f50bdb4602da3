#include "checkpoint/trainer_file.h"

#include <limits>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/version.h"
#include "checkpoint/step_link.h"
#include "config/run_files.h"
#include "config/schema.h"

namespace qkv::checkpoint {
namespace fs = std::filesystem;
namespace {

using config::kTrainerFile;

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

/// The most tokens that `steps` steps can read.
std::int64_t most_tokens(const config::Config& config, std::int64_t steps) {
  std::int64_t tokens = steps;
  bool overflows = false;
  for (const std::int64_t factor :
       {config.training.batch_size, config.training.accumulation, config.model.context})
    overflows |= __builtin_mul_overflow(tokens, factor, &tokens);
  return overflows ? std::numeric_limits<std::int64_t>::max() : tokens;
}

}  // namespace

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

TrainerState state_from(const base::Json& json, const fs::path& folder,
                        const config::Config& config) {
  TrainerState state;
  if (json.is_null()) return state;
  const Members members(json, (folder / kTrainerFile).string());
  state.step = members.natural("step", config.training.steps);
  if (is_step_name(folder.filename()) && folder.filename() != step_name(state.step))
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

}  // namespace qkv::checkpoint
