#include "engine/positions.h"

#include <numeric>

namespace qkv::engine {

Positions::Positions(const spec::ModelConfig& config, const float* learned,
                     const kernels::Loops& loops)
    : width_(config.width),
      head_width_(config.head_width()),
      learned_(learned),
      tables_(config),
      loops_(loops) {
  if (tables_.cosine.empty()) return;
  positions_.resize(static_cast<std::size_t>(config.context));
  std::iota(positions_.begin(), positions_.end(), 0);
}

const float* Positions::added(std::int64_t position) const {
  const float* table = learned_ != nullptr ? learned_ : tables_.sinusoids.data();
  return table == nullptr ? nullptr : table + position * width_;
}

void Positions::rotate(std::int64_t position, std::int64_t heads, MutableRows x) const {
  if (tables_.cosine.empty()) return;
  loops_.over_floats.tokens.rotate(x.count, x.stride, heads, head_width_,
                                   positions_.data() + position, tables_.cosine.data(),
                                   tables_.sine.data(), 1, x.values);
}

}  // namespace qkv::engine
