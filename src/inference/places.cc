#include "inference/places.h"

namespace qkv::inference {

Places::Places(const spec::ModelConfig& config, const float* learned)
    : width_(config.width), half_(config.head_width() / 2), learned_(learned), tables_(config) {}

void Places::add(std::int64_t place, float* x) const {
  const float* table = learned_ != nullptr ? learned_ : tables_.sinusoids.data();
  if (table == nullptr) return;
  for (std::int64_t at = 0; at < width_; ++at) x[at] += table[place * width_ + at];
}

void Places::rotate(std::int64_t place, float* x) const {
  if (tables_.cosine.empty()) return;
  const float* cosine = tables_.cosine.data() + place * half_;
  const float* sine = tables_.sine.data() + place * half_;
  for (std::int64_t at = 0; at < half_; ++at) {
    const float first = x[at];
    const float second = x[at + half_];
    x[at] = first * cosine[at] - second * sine[at];
    x[at + half_] = second * cosine[at] + first * sine[at];
  }
}

}  // namespace qkv::inference
