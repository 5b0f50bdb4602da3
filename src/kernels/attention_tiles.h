#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/attention_head.h"
#include "kernels/exponential.h"
#include "kernels/tile_rows.h"

// Arithmetic for both passes on the numbers in tiles, 16 at a time.
namespace qkv::kernels::QKV_TILES {

/// Element r of the result combines the 16 numbers of row r.
template <class Join>
[[gnu::always_inline]] inline __m512 join_rows(const __m512 (&rows)[16], Join join) {
  __m512 pairs[8];
#pragma GCC unroll 8
  for (std::int64_t i = 0; i < 8; ++i)
    pairs[i] = join(_mm512_unpacklo_ps(rows[2 * i], rows[2 * i + 1]),
                    _mm512_unpackhi_ps(rows[2 * i], rows[2 * i + 1]));
  __m512 fours[4];
#pragma GCC unroll 4
  for (std::int64_t i = 0; i < 4; ++i) {
    const __m512d a = _mm512_castps_pd(pairs[2 * i]);
    const __m512d b = _mm512_castps_pd(pairs[2 * i + 1]);
    fours[i] = join(_mm512_castpd_ps(_mm512_unpacklo_pd(a, b)),
                    _mm512_castpd_ps(_mm512_unpackhi_pd(a, b)));
  }
  const auto across = [&](__m512 a, __m512 b) {
    return join(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd));
  };
  return across(across(fours[0], fours[1]), across(fours[2], fours[3]));
}

inline constexpr auto kSum = [](__m512 a, __m512 b) { return _mm512_add_ps(a, b); };
inline constexpr auto kMost = [](__m512 a, __m512 b) { return _mm512_max_ps(a, b); };

/// 2^(x − ½) to 3e-6, which is rounded to bfloat16: minimax over a whole step of x.
[[gnu::always_inline]] inline __m512 power_half_below(__m512 x) {
  const __m512 fraction = _mm512_reduce_ps(x, _MM_FROUND_TO_NEG_INF);  // in [0, 1)
  __m512 sum =
      _mm512_fmadd_ps(fraction, _mm512_set1_ps(0x1.3997d6p-7f), _mm512_set1_ps(0x1.2d4856p-5f));
  sum = _mm512_fmadd_ps(sum, fraction, _mm512_set1_ps(0x1.5da57ep-3f));
  sum = _mm512_fmadd_ps(sum, fraction, _mm512_set1_ps(0x1.f5c9d2p-2f));
  sum = _mm512_fmadd_ps(sum, fraction, _mm512_set1_ps(0x1.6a0a24p-1f));
  return _mm512_scalef_ps(sum, x);
}

/// log₂ of positive numbers, to 2.5e-7.
inline __m512 logarithm2_of(__m512 x) {
  using Bits = std::uint32_t __attribute__((vector_size(64)));
  using Real = float __attribute__((vector_size(64)));
  return (__m512)logarithm2<Bits>((Real)x);
}

inline __m512 lane_numbers() {
  return _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

/// On which side of a query its keys are, if its scores depend on their distance.
enum class Bias {
  kNone,    ///< they do not
  kBehind,  ///< before it: −slope · (q − k), a sum of a term of q and a term of k
  kAround,
};

inline Bias bias_of(const AttentionHead& head) {
  return head.slope == 0 ? Bias::kNone : head.causal ? Bias::kBehind : Bias::kAround;
}

using Numbers = std::uint32_t __attribute__((vector_size(64)));

/// Dropout's numbers of 16 queries.
inline Numbers query_numbers(const AttentionHead& head, std::int64_t first) {
  return query_number<Numbers>(head.dropout,
                               Numbers{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} +
                                   static_cast<std::uint32_t>(first));
}

/// Which of 16 weights dropout keeps; the lower (upper) halves of the hashes decide for their keys.
[[gnu::always_inline]] inline __mmask16 kept_low(const AttentionHead& head, Numbers hash) {
  return _mm512_cmpge_epu32_mask(_mm512_slli_epi32((__m512i)hash, 16),
                                 _mm512_set1_epi32(static_cast<int>(head.dropout.threshold)));
}
[[gnu::always_inline]] inline __mmask16 kept_high(const AttentionHead& head, Numbers hash) {
  return _mm512_cmpge_epu32_mask((__m512i)hash,
                                 _mm512_set1_epi32(static_cast<int>(head.dropout.threshold)));
}

}  // namespace qkv::kernels::QKV_TILES
