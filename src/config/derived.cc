#include "config/derived.h"

#include <algorithm>
#include <array>

namespace qkv::config {
namespace {

bool has(const base::Json& written, const char* section, const char* key) {
  return written.contains(section) && written[section].contains(key);
}

/// The largest number up to `usual` that fits, otherwise the smallest above it, up to `most`;
/// `usual` if none fits.
template <typename Fits>
std::int64_t fitting(std::int64_t usual, std::int64_t most, const Fits& fits) {
  for (std::int64_t number = usual; number >= 1; --number) {
    if (fits(number)) return number;
  }
  for (std::int64_t number = usual + 1; number <= most; ++number) {
    if (fits(number)) return number;
  }
  return usual;
}

bool divides(std::int64_t heads, std::int64_t width, bool even) {
  return width % heads == 0 && (!even || width / heads % 2 == 0);
}

std::int64_t fitting_heads(const base::Json& written, const spec::ModelConfig& model) {
  constexpr std::int64_t kMost = 1024;
  const bool wide = has(written, "model", "width");
  const bool shared = has(written, "model", "key_value_heads");
  const bool identity = model.attention.projection == spec::Projection::kIdentity;
  // Rotary positions need an even head width; an odd width that the user set has none.
  const bool even = model.position == spec::Position::kRotary && !(wide && model.width % 2 != 0);
  return fitting(model.heads, kMost, [&](std::int64_t heads) {
    const std::int64_t keys = model.key_value_heads;
    return (!wide || divides(heads, model.width, even)) &&
           (!shared || (identity ? heads == keys : heads % keys == 0));
  });
}

void derive_heads(const base::Json& written, spec::ModelConfig& model) {
  constexpr std::int64_t kMostWidth = 65536;
  // A recurrent net has no heads.
  const bool has_heads = !model.recurrent();
  if (has_heads && !has(written, "model", "heads")) model.heads = fitting_heads(written, model);
  if (!has(written, "model", "key_value_heads")) model.key_value_heads = model.heads;
  if (has_heads && !has(written, "model", "width")) {
    model.width = fitting(model.width, kMostWidth, [&](std::int64_t width) {
      return divides(model.heads, width, model.position == spec::Position::kRotary);
    });
  }
}

void derive_schedule(const base::Json& written, TrainingConfig& training) {
  const auto is_written = [&](const char* key) { return has(written, "training", key); };
  if (!is_written("steps") && is_written("warmup_steps"))
    training.steps = std::max(training.steps, training.warmup_steps);
  if (!is_written("warmup_steps"))
    training.warmup_steps = std::min(training.warmup_steps, training.steps / 10);
  if (!is_written("learning_rate") && is_written("minimum_learning_rate") &&
      training.schedule != spec::Schedule::kConstant)
    training.learning_rate = std::max(training.learning_rate, training.minimum_learning_rate);
  if (!is_written("minimum_learning_rate")) {
    training.minimum_learning_rate =
        std::min(training.minimum_learning_rate, training.learning_rate / 10);
  }
}

}  // namespace

void derive_defaults(const base::Json& written, Config& config) {
  derive_heads(written, config.model);
  derive_schedule(written, config.training);
}

void keep_derived(base::Json& written, const Config& run) {
  // Not training.steps, which may change when a run is resumed.
  static constexpr std::array<std::array<const char*, 2>, 6> kKeys = {{
      {"model", "heads"},
      {"model", "key_value_heads"},
      {"model", "width"},
      {"training", "learning_rate"},
      {"training", "minimum_learning_rate"},
      {"training", "warmup_steps"},
  }};
  const base::Json before = to_json(run);
  for (const auto& [section, key] : kKeys) {
    if (!has(written, section, key)) written[section][key] = before[section][key];
  }
}

}  // namespace qkv::config
