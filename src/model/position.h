#pragma once

#include "model/parameters.h"

namespace qkv::model {

/// How the model represents positions. Attention itself does not depend on them: without positions,
/// permuted tokens give permuted outputs. There are five kinds:
///   none        nothing
///   sinusoidal  a fixed vector is added to the embedding (Vaswani et al. 2017, section 3.5)
///   learned     a learned vector is added to the embedding (Radford et al. 2018)
///   rotary      queries and keys are rotated in proportion to the position (Su et al. 2021)
///   alibi       scores decrease with the distance of query and key (Press et al. 2022)
class Position {
 public:
  Position(const Parameters& parameters, const spec::ModelConfig& config);

  /// The vectors added to the embedding: positions [batch | 1, tokens] → [batch | 1, tokens,
  /// width]. Undefined for the kinds that add nothing.
  Tensor added(const Tensor& positions) const;

  /// Queries or keys [batch, heads, tokens, head_width], rotated by their positions; unchanged for
  /// every kind except rotary.
  Tensor rotate(const Tensor& x, const Tensor& positions) const;

  /// ALiBi's bias on scores, [heads, query, key]; undefined for every other kind.
  Tensor bias(std::int64_t tokens) const;

 private:
  Tensor table_;   ///< sinusoidal (fixed) or learned: [context, width]
  Tensor cosine_;  ///< rotary: [context, head_width / 2]
  Tensor sine_;
  Tensor slopes_;  ///< alibi: [heads]
};

}  // namespace qkv::model
