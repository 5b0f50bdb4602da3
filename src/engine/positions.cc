#include "engine/positions.h"

namespace qkv::engine {

Positions::Positions(const spec::ModelConfig& config, const float* learned)
    : width_(config.width), half_(config.head_width() / 2), learned_(learned), tables_(config) {}

const float* Positions::added(std::int64_t position) const {
  const float* table = learned_ != nullptr ? learned_ : tables_.sinusoids.data();
  return table == nullptr ? nullptr : table + position * width_;
}

void Positions::rotate(std::int64_t position, float* x) const {
  if (tables_.cosine.empty()) return;
  const float* cosine = tables_.cosine.data() + position * half_;
  const float* sine = tables_.sine.data() + position * half_;
  for (std::int64_t at = 0; at < half_; ++at) {
    const float first = x[at];
    const float second = x[at + half_];
    x[at] = first * cosine[at] - second * sine[at];
    x[at + half_] = second * cosine[at] + first * sine[at];
  }
}

}  // namespace qkv::engine
