#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/array.h"
#include "engine/rows.h"
#include "engine/taps.h"
#include "spec/model.h"

namespace qkv::predict {

/// Keeps the input of every layer of a Transformer, and the values of layer 0, from which
/// engine::Reader::read_from starts, and passes values on to other taps, if any.
class LayerInputs : public engine::Taps {
 public:
  explicit LayerInputs(const spec::ModelConfig& config,
                       std::unique_ptr<engine::Taps> inner = nullptr)
      : keeps_values_(config.has_attention() && config.attention.value_residual),
        inputs_(static_cast<std::size_t>(config.layers)),
        inner_(std::move(inner)) {}

  bool wants(const engine::TapPlace& place) const override;
  void see(const engine::TapPlace& place, base::MutableView value) override;

  /// [tokens, width] of the last text.
  const float* of(std::int64_t layer) const {
    return inputs_[static_cast<std::size_t>(layer)].data();
  }
  /// Of tokens from this one on; none if the model does not need them.
  engine::Rows first_values(std::int64_t token) const {
    if (!keeps_values_) return {};
    return {first_values_.values.data() + token * first_values_.shape[1], first_values_.shape[1],
            first_values_.shape[0] - token};
  }

 private:
  bool keeps(const engine::TapPlace& place) const {
    return place.tap == engine::Tap::kInput ||
           (keeps_values_ && place == engine::TapPlace{engine::Tap::kValue, 0});
  }
  bool inner_wants(const engine::TapPlace& place) const {
    return inner_ != nullptr && inner_->wants(place);
  }

  bool keeps_values_;
  std::vector<std::vector<float>> inputs_;
  base::Array first_values_;  ///< [tokens, all heads of values]
  std::unique_ptr<engine::Taps> inner_;
};

}  // namespace qkv::predict
