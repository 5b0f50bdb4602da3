#pragma once

#include "base/random.h"
#include "fused/part.h"

namespace qkv {

/// The dropouts of a pass by their places, as model/pass.h numbers them: 0 is the embedding's, each
/// layer has three (attention weights, attention output, feed-forward output).
constexpr std::uint64_t fused_dropout_place(std::int64_t layer, std::uint64_t which) {
  return 3 * static_cast<std::uint64_t>(layer) + which + 1;
}

/// What is dropped of [tokens, width] at `place`.
inline Dropped dropped_at(double probability, std::uint64_t seed, const Reading& reading,
                          std::uint64_t place, std::int64_t width) {
  if (probability == 0) return {};
  return Dropped::with(probability, stream_key(seed, Purpose::kDropout, {reading.step, place}),
                       reading.first_token * width);
}

}  // namespace qkv
