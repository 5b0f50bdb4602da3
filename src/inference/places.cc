#include "inference/places.h"

#include <cmath>

namespace qkv {

// Angles are taken in double, as the model takes them.
Places::Places(const ModelConfig& config, const FindWeight& find)
    : width_(config.width), half_(config.head_width() / 2) {
  const auto context = static_cast<std::size_t>(config.context);
  if (config.position == "learned") {
    learned_ = find("model.embed_positions.weight");
  } else if (config.position == "sinusoidal") {
    sinusoids_.resize(context * static_cast<std::size_t>(width_));
    float* value = sinusoids_.data();
    for (std::int64_t place = 0; place < config.context; ++place) {
      for (std::int64_t at = 0; at < width_; ++at, ++value) {
        const std::int64_t even = at - at % 2;
        const double exponent = static_cast<double>(even) / static_cast<double>(width_);
        const double angle = static_cast<double>(place) * std::pow(10000.0, -exponent);
        *value = static_cast<float>(at % 2 == 0 ? std::sin(angle) : std::cos(angle));
      }
    }
  } else if (config.position == "rotary") {
    for (std::int64_t place = 0; place < config.context; ++place) {
      for (std::int64_t at = 0; at < half_; ++at) {
        const double exponent = static_cast<double>(at) / static_cast<double>(half_);
        const double angle = static_cast<double>(place) * std::pow(config.rotary_base, -exponent);
        cosine_.push_back(static_cast<float>(std::cos(angle)));
        sine_.push_back(static_cast<float>(std::sin(angle)));
      }
    }
  } else if (config.position == "alibi") {
    for (std::int64_t head = 1; head <= config.heads; ++head) {
      const double share = static_cast<double>(head) / static_cast<double>(config.heads);
      slopes_.push_back(static_cast<float>(std::pow(2.0, -8.0 * share)));
    }
  }
}

void Places::add(std::int64_t place, float* x) const {
  const float* table = learned_ != nullptr ? learned_ : sinusoids_.data();
  if (table == nullptr) return;
  for (std::int64_t at = 0; at < width_; ++at) x[at] += table[place * width_ + at];
}

void Places::rotate(std::int64_t place, float* x) const {
  if (cosine_.empty()) return;
  const float* cosine = cosine_.data() + place * half_;
  const float* sine = sine_.data() + place * half_;
  for (std::int64_t at = 0; at < half_; ++at) {
    const float first = x[at];
    const float second = x[at + half_];
    x[at] = first * cosine[at] - second * sine[at];
    x[at + half_] = second * cosine[at] + first * sine[at];
  }
}

}  // namespace qkv
