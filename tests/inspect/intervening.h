#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "engine/support.h"
#include "inspect/edges/intervention.h"
#include "inspect/recorder.h"
#include "predict/support.h"

namespace qkv::tests {

/// Closes cells as a mask does, before the softmax: an independent way to cut edges.
class Closer : public engine::Taps {
 public:
  explicit Closer(inspect::Cut cut) : cut_(std::move(cut)) {}

  bool wants(const engine::TapPlace& place) const override {
    return place.tap == engine::Tap::kMasked && cut_.layer.value_or(place.layer) == place.layer;
  }
  void see(const engine::TapPlace& /*place*/, base::MutableView value) override {
    for (std::int64_t head = 0; head < value.shape[0]; ++head) {
      if (cut_.head.value_or(head) != head) continue;
      for (const std::int64_t query : cut_.queries) {
        for (const std::int64_t key : cut_.keys)
          value[head][query].data[key] = -std::numeric_limits<float>::infinity();
      }
    }
  }

 private:
  inspect::Cut cut_;
};

/// log p of a target in a whole pass with a cut made by masking.
inline double masked_nats(const engine::Model& model, const std::vector<std::int32_t>& ids,
                          const predict::Target& target, const inspect::Cut& cut) {
  Closer closer(cut);
  return nats_of(all_logits(model, ids, &closer), target);
}

/// Records some values alone, which changes no number of the pass unless they are scores.
class RecorderOf : public inspect::Recorder {
 public:
  explicit RecorderOf(std::vector<engine::Tap> taps) : taps_(std::move(taps)) {}
  bool wants(const engine::TapPlace& place) const override {
    return std::find(taps_.begin(), taps_.end(), place.tap) != taps_.end();
  }

 private:
  std::vector<engine::Tap> taps_;
};

/// How far two passes of a tiny model in float32 that compute the same in two ways may be apart in
/// a log probability. On the longest way through it, sums of some hundred numbers below 8 follow
/// each other, whose roundings of 2^-24 grow with the square root: 84 of them for each pass, as
/// tests/parity allows a reader.
inline constexpr double kNatsRounding = 1e-5;

/// The largest magnitude of the values.
inline double largest_of(base::View view) {
  double largest = 0;
  for (const float value : view.values())
    largest = std::max(largest, std::abs(static_cast<double>(value)));
  return largest;
}

/// A model with attention that is not uniform.
inline std::vector<base::Array> uneven_weights(
    const spec::ModelConfig& config = tiny_model_config()) {
  return random_weights(config, /*vocabulary=*/11, /*seed=*/5);
}
inline std::unique_ptr<engine::Model> uneven_model(
    const spec::ModelConfig& config = tiny_model_config()) {
  return std::make_unique<engine::Model>(config, 11, uneven_weights(config));
}

}  // namespace qkv::tests
