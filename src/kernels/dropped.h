#pragma once

#include <cstdint>

namespace qkv::kernels {

/// Which values of an array are dropped (Srivastava et al. 2014): a pure function of `key` and a
/// value's index, so that the backward pass recomputes it instead of storing it.
struct Dropped {
  std::uint64_t key = 0;
  std::uint32_t first = 0;      ///< index of the array's first value, modulo 2^32
  std::uint32_t threshold = 0;  ///< of 2^32; 0: nothing is dropped
  float kept = 1;               ///< the factor of a kept value, 1 / (1 − probability)

  static Dropped with(double probability, std::uint64_t key, std::int64_t first) {
    return {key, static_cast<std::uint32_t>(first),
            static_cast<std::uint32_t>(probability * 4294967296.0),
            static_cast<float>(1 / (1 - probability))};
  }
};

/// 0 if the value at `index` is dropped, otherwise `kept`; for one value, or for vectors of GCC's
/// (Real and Bits as in exponential.h). The mixing of bits is Wellons's (2018, "lowbias32"), with
/// the other half of the key added in between.
template <class Real, class Bits>
[[gnu::always_inline]] inline Real factor(const Dropped& dropped, Bits index) {
  Bits bits = (dropped.first + index) * 0x9e3779b1U + static_cast<std::uint32_t>(dropped.key);
  bits = (bits ^ (bits >> 16)) * 0x7feb352dU;
  bits ^= static_cast<std::uint32_t>(dropped.key >> 32);
  bits = (bits ^ (bits >> 15)) * 0x846ca68bU;
  bits ^= bits >> 16;
  return bits < dropped.threshold ? Real{} : Real{} + dropped.kept;
}

}  // namespace qkv::kernels
