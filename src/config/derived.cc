#include "config/derived.h"

#include <algorithm>

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

std::int64_t fitting_context(const Config& config, std::uint64_t tokens) {
  const std::int64_t context = config.model.context;
  if (!config.defaults.has("model.context") || config.data.layout != spec::TextLayout::kStream)
    return context;
  // The last token is only predicted.
  const std::uint64_t room = std::max<std::uint64_t>(tokens, 2) - 1;
  return room < static_cast<std::uint64_t>(context) ? static_cast<std::int64_t>(room) : context;
}

void fill_in(base::Json& written, const base::Json& other) {
  for (const auto& [key, value] : other.items()) {
    if (!written.contains(key)) {
      written[key] = value;
    } else if (value.is_object()) {
      fill_in(written[key], value);
    }
  }
}

Defaults left_out(const base::Json& written, const Config& config) {
  Defaults defaults;
  const auto add = [&](const auto& self, const base::Json& all, const base::Json* given,
                       const std::string& front) -> void {
    for (const auto& [key, value] : all.items()) {
      const bool is_given = given != nullptr && given->contains(key);
      if (value.is_object()) {
        self(self, value, is_given ? &(*given)[key] : nullptr, front + key + ".");
      } else if (!is_given) {
        defaults.keys.insert(front + key);
      }
    }
  };
  add(add, to_json(config), &written, "");
  return defaults;
}

}  // namespace qkv::config
