#pragma once

#include <cstdint>

#include "kernels/attention_core.h"

namespace qkv::kernels {

// Which attention weights dropout keeps. A head has a 64-bit number, and each of its queries a
// 32-bit one. Each pair of keys, 16 apart, has a 32-bit hash. Its lower half decides for the first
// key, its upper half for the second:
//
//   head  = mix64(key + head · φ64)
//   query = mix32(low(head) + query · φ32) ^ high(head)
//   pair  = mix32(query + (⌊k / 32⌋ · 16 + k mod 16) · φ32)
//   kept  = half of pair ≥ 2^16 · probability
//
// mix64 and mix32 are the finalisers of SplitMix64 and MurmurHash3, φ is the golden ratio's
// fraction. `Bits` is std::uint32_t or a vector of them.

inline constexpr std::uint32_t kGolden = 0x9e3779b9u;
inline constexpr std::int64_t kPairDistance = 16;  ///< between the two keys of a pair

template <class Bits>
[[gnu::always_inline]] inline Bits mix32(Bits x) {
  x = (x ^ (x >> 16)) * 0x85ebca6bu;
  x = (x ^ (x >> 13)) * 0xc2b2ae35u;
  return x ^ (x >> 16);
}

/// The mask of one head.
struct HeadDropout {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  std::uint32_t threshold = 0;  ///< 2^32 · probability, in its upper half; 0: no dropout
  float kept = 1;               ///< the probability that a weight is kept
};

[[gnu::always_inline]] inline HeadDropout head_dropout(const AttentionDropout& dropout,
                                                       std::int64_t head) {
  std::uint64_t x = dropout.key + (static_cast<std::uint64_t>(head) + 1) * 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  x ^= x >> 31;
  auto threshold = static_cast<std::uint32_t>(__builtin_lround(dropout.probability * 65536));
  if (threshold > 65535) threshold = 65535;
  return {static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(x >> 32), threshold << 16,
          1 - static_cast<float>(threshold) / 65536};
}

/// The number of each of the queries.
template <class Bits>
[[gnu::always_inline]] inline Bits query_number(const HeadDropout& dropout, Bits queries) {
  return mix32<Bits>(queries * kGolden + dropout.low) ^ dropout.high;
}

/// The hash of pair (⌊k / 32⌋ · 16 + k mod 16) for these queries' numbers.
template <class Bits>
[[gnu::always_inline]] inline Bits pair_hash(Bits numbers, std::uint32_t pair) {
  return mix32<Bits>(numbers + pair * kGolden);
}

[[gnu::always_inline]] inline std::uint32_t pair_of(std::int64_t key) {
  return static_cast<std::uint32_t>(key / (2 * kPairDistance) * kPairDistance +
                                    key % kPairDistance);
}

/// The bits of a pair's hash that decide for `key`, as a number to compare with the threshold.
template <class Bits>
[[gnu::always_inline]] inline Bits deciding_bits(Bits hash, std::int64_t key) {
  return key / kPairDistance % 2 == 0 ? hash << 16 : hash;
}

/// Whether dropout keeps the weight of `key` for a query with this number.
inline bool keeps(const HeadDropout& dropout, std::uint32_t query_number, std::int64_t key) {
  return deciding_bits(pair_hash(query_number, pair_of(key)), key) >= dropout.threshold;
}

}  // namespace qkv::kernels
