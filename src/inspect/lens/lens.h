#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/array.h"
#include "engine/model.h"
#include "inspect/prediction.h"
#include "inspect/recorder.h"

namespace qkv::inspect {

/// What the model would predict if it ended at an earlier depth, the logit lens (nostalgebraist
/// 2020): softmax(unembedding · final norm(x)), where x is the residual stream.
struct Lens {
  std::vector<std::string> depths;  ///< depth_names()
  /// Of the piece_to_predict, [depth, token]. NaN where there is none.
  base::ArrayOf<double> probability;
  /// Kullback–Leibler divergence of the depth's prediction from the last depth's, Σ p_final
  /// log(p_final / p_depth); [depth, token] in nats.
  base::ArrayOf<double> divergence;
  /// The most probable of all pieces, in descending order, [depth][token].
  std::vector<std::vector<std::vector<Filling>>> top;
};

/// The piece that the output of a token should predict: the one that comes next, in a masked model
/// the one that stands there; −1 if the text does not say, after its end or at a mask.
std::int32_t piece_to_predict(std::span<const std::int32_t> ids, std::size_t token, bool causal);

/// `taps` are those of the model's pass over these ids. The most probable `count` pieces are
/// listed. Throws Error if a logit is not a number.
Lens read_lens(const engine::Model& model, std::span<const std::int32_t> ids, const Recorder& taps,
               std::size_t count = 5);

}  // namespace qkv::inspect
