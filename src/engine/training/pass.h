#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/training/attention.h"
#include "engine/training/feed_forward.h"
#include "engine/training/layout.h"
#include "engine/training/part.h"
#include "engine/training/prediction.h"

namespace qkv::engine {

/// One thread's forward and backward pass through the Transformer, for some rows at a time:
/// everything that model/transformer.cc does, with all intermediate values in memory that is
/// allocated once.
template <typename T>
class TransformerPass {
 public:
  /// `layout`, `tables` and `clock` must outlive it.
  TransformerPass(const spec::ModelConfig& config, const WeightLayout& layout,
                  const kernels::PositionTables& tables, std::int64_t vocabulary,
                  std::uint64_t seed, std::int64_t most_tokens, base::PhaseClock<Work>& clock);

  /// The sum of −log p(target) over the reading; adds the gradient of scale · this sum to
  /// `gradient` (if `fresh`, replaces it).
  double run(const Weights<T>& weights, const Reading& reading, float scale,
             const Gradient& gradient);

 private:
  struct Layer {
    std::optional<AttentionPass<T>> attention;
    std::optional<FeedForwardPass<T>> feed_forward;
  };

  const WeightLayout& layout_;
  const kernels::PositionTables& tables_;
  std::uint64_t seed_;
  std::int64_t width_;
  double dropout_;
  kernels::Arena memory_;
  Workspace<T> workspace_;
  std::span<float> x_;           ///< [tokens, width], the embeddings
  std::span<float> x_gradient_;  ///< of the residual stream
  std::vector<Layer> layers_;
  PredictionPass<T> prediction_;
};

}  // namespace qkv::engine
