#pragma once

#include <optional>

#include "model/attention.h"
#include "model/feed_forward.h"
#include "model/norm.h"

namespace qkv::model {

/// One layer, pre-norm: tokens exchange information, then each is processed separately.
///
///   x = x + attention(norm(x))
///   x = x + feed_forward(norm(x))
///
/// A sub-layer that the config omits has no norm either.
class Block {
 public:
  Block(const Parameters& parameters, const spec::ModelConfig& config, std::int64_t layer);

  /// x [batch, tokens, width] → [batch, tokens, width]; first_value as for Attention.
  Tensor operator()(Tensor x, const Tensor& positions, const Position& position, const Mask& mask,
                    const Pass& pass, Tensor& first_value) const;

 private:
  struct AttentionPart {
    Norm norm;
    Attention attention;
  };
  struct FeedForwardPart {
    Norm norm;
    FeedForward feed_forward;
  };

  std::int64_t layer_;
  std::optional<AttentionPart> attention_;
  std::optional<FeedForwardPart> feed_forward_;
};

}  // namespace qkv::model
