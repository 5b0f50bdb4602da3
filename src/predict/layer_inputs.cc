#include "predict/layer_inputs.h"

#include <algorithm>

namespace qkv::predict {
namespace {

/// [heads, tokens, head_width] → [tokens, heads · head_width]
base::Array side_by_side(base::View heads) {
  const std::int64_t count = heads.shape[0];
  const std::int64_t tokens = heads.shape[1];
  const std::int64_t width = heads.shape[2];
  base::Array rows({tokens, count * width});
  const float* from = heads.values().data();
  for (std::int64_t head = 0; head < count; ++head)
    for (std::int64_t token = 0; token < tokens; ++token, from += width)
      std::copy_n(from, width, rows.values.data() + (token * count + head) * width);
  return rows;
}

}  // namespace

bool LayerInputs::wants(const engine::TapPlace& place) const {
  return keeps(place) || inner_wants(place);
}

void LayerInputs::see(const engine::TapPlace& place, base::MutableView value) {
  if (inner_wants(place)) inner_->see(place, value);
  if (!keeps(place)) return;
  if (place.tap == engine::Tap::kValue) {
    first_values_ = side_by_side(value);
    return;
  }
  const std::span<const float> values = value.values();
  inputs_[static_cast<std::size_t>(place.layer)].assign(values.begin(), values.end());
}

}  // namespace qkv::predict
