#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/taps.h"

namespace qkv::predict {

/// Keeps the input of every layer of a Transformer, from which engine::Reader::read_from starts,
/// and passes values on to other taps, if any.
class LayerInputs : public engine::Taps {
 public:
  explicit LayerInputs(std::int64_t layers, std::unique_ptr<engine::Taps> inner = nullptr)
      : inputs_(static_cast<std::size_t>(layers)), inner_(std::move(inner)) {}

  bool wants(const engine::TapPlace& place) const override;
  void see(const engine::TapPlace& place, base::MutableView value) override;

  /// [tokens, width] of the last text.
  const float* of(std::int64_t layer) const {
    return inputs_[static_cast<std::size_t>(layer)].data();
  }

 private:
  bool inner_wants(const engine::TapPlace& place) const {
    return inner_ != nullptr && inner_->wants(place);
  }

  std::vector<std::vector<float>> inputs_;
  std::unique_ptr<engine::Taps> inner_;
};

}  // namespace qkv::predict
