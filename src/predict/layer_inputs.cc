#include "predict/layer_inputs.h"

namespace qkv::predict {

bool LayerInputs::wants(const engine::TapPlace& place) const {
  return place.tap == engine::Tap::kInput || inner_wants(place);
}

void LayerInputs::see(const engine::TapPlace& place, base::MutableView value) {
  if (inner_wants(place)) inner_->see(place, value);
  if (place.tap != engine::Tap::kInput) return;
  const std::span<const float> values = value.values();
  inputs_[static_cast<std::size_t>(place.layer)].assign(values.begin(), values.end());
}

}  // namespace qkv::predict
