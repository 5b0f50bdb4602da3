#pragma once

#include "base/random.h"
#include "fused/part.h"

namespace qkv {

/// What is dropped of [tokens, width] at `place` (base/random.h).
inline Dropped dropped_at(double probability, std::uint64_t seed, const Reading& reading,
                          std::uint64_t place, std::int64_t width) {
  if (probability == 0) return {};
  return Dropped::with(probability, stream_key(seed, Purpose::kDropout, {reading.step, place}),
                       reading.first_token * width);
}

}  // namespace qkv
