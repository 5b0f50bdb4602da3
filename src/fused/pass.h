#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "fused/attention.h"
#include "fused/feed_forward.h"
#include "fused/layout.h"
#include "fused/part.h"
#include "fused/prediction.h"

namespace qkv::fused {

/// One thread's forward and backward pass through the Transformer, for some rows at a time:
/// everything that model/transformer.cc does, with all intermediate values in memory that is
/// allocated once.
template <typename T>
class FusedPass {
 public:
  /// `layout`, `tables` and `clock` must outlive it.
  FusedPass(const spec::ModelConfig& config, const WeightLayout& layout,
            const kernels::PositionTables& tables, std::int64_t vocabulary, std::uint64_t seed,
            std::int64_t most_tokens, base::PhaseClock<Work>& clock);

  /// The sum of −log p(target) over the reading; adds the gradient of scale · this sum to
  /// `gradient` (if `fresh`, replaces it).
  double run(const Weights<T>& weights, const Reading& reading, float scale,
             const Gradient& gradient);

 private:
  struct Layer {
    std::optional<FusedAttention<T>> attention;
    std::optional<FusedFeedForward<T>> feed_forward;
  };

  const WeightLayout& layout_;
  const kernels::PositionTables& tables_;
  std::uint64_t seed_;
  std::int64_t width_;
  double dropout_;
  Bench<T> bench_;
  kernels::Buffer<float> x_;           ///< [tokens, width], the embeddings
  kernels::Buffer<float> x_gradient_;  ///< of the residual stream
  std::vector<Layer> layers_;
  FusedPrediction<T> prediction_;
};

}  // namespace qkv::fused
