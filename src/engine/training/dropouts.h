#pragma once

#include "base/random.h"
#include "engine/training/part.h"

namespace qkv::engine {

/// The dropped values of [tokens, width] at `place` (base/random.h).
inline kernels::Dropped dropped_at(double probability, std::uint64_t seed, const Reading& reading,
                                   std::uint64_t place, std::int64_t width) {
  if (probability == 0) return {};
  return kernels::Dropped::with(
      probability, base::stream_key(seed, base::Purpose::kDropout, {reading.step, place}),
      reading.first_token * width);
}

}  // namespace qkv::engine
