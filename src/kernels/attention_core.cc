#include "kernels/attention_core.h"

#include <string>

#include "base/error.h"
#include "kernels/attention_kernels.h"

namespace qkv::kernels {
namespace {

constexpr std::int64_t kWidest = 256;

#ifdef __x86_64__

constexpr AttentionKernels<Bfloat16> kTiles = {amx::attention_forward, amx::attention_backward};

/// Two rows of tiles are multiplied at a time. Shorter documents fill at most half of them, so
/// that lanes are faster.
constexpr std::int64_t kTokensOfTiles = 17;

const AttentionKernels<Bfloat16>& pairs_or_lanes(const AttentionShape& shape) {
  static constexpr AttentionKernels<Bfloat16> kWithPairs = {avx512bf16::attention_forward,
                                                            avx512bf16::attention_backward};
  return shape.tokens >= kTokensOfTiles ? kWithPairs : avx512bf16::kAttentionBfloat16;
}

constexpr AttentionKernels<Bfloat16> kPairs = {
    [](const AttentionShape& shape, const AttentionForward<Bfloat16>& arrays, Scratch& scratch) {
      pairs_or_lanes(shape).forward(shape, arrays, scratch);
    },
    [](const AttentionShape& shape, const AttentionBackward<Bfloat16>& arrays, Scratch& scratch) {
      pairs_or_lanes(shape).backward(shape, arrays, scratch);
    }};

#endif

void check(const AttentionShape& shape) {
  const auto require = [](bool holds, const char* what, auto found) {
    if (!holds)
      throw base::Error(
          "attention: expected " + std::string(what) + ", found " + std::to_string(found),
          base::Error::Fault::kRun);
  };
  require(shape.tokens >= 1, "tokens", shape.tokens);
  require(shape.heads >= 1, "heads", shape.heads);
  require(shape.key_value_heads >= 1 && shape.key_value_heads <= shape.heads,
          "1 to heads key/value heads", shape.key_value_heads);
  require(shape.head_width >= 1 && shape.head_width <= kWidest, "a head width of 1 to 256",
          shape.head_width);
  require(shape.dropout.probability >= 0 && shape.dropout.probability < 1,
          "a probability of dropout in [0, 1)", shape.dropout.probability);
}

}  // namespace

template <>
const AttentionKernels<float>& attention_kernels(Instructions instructions) {
  switch (instructions) {
#ifdef __x86_64__
    case Instructions::kAmx:
    case Instructions::kAvx512Bf16:
    case Instructions::kAvx512:
      return avx512::kAttention;
    case Instructions::kAvx2:
      return avx2::kAttention;
#endif
    default:
      return baseline::kAttention;
  }
}

template <>
const AttentionKernels<Bfloat16>& attention_kernels(Instructions instructions) {
  switch (instructions) {
#ifdef __x86_64__
    case Instructions::kAmx:
      return kTiles;
    case Instructions::kAvx512Bf16:
      return kPairs;
    case Instructions::kAvx512:
      return avx512::kAttentionBfloat16;
    case Instructions::kAvx2:
      return avx2::kAttentionBfloat16;
#endif
    default:
      return baseline::kAttentionBfloat16;
  }
}

template <class T>
void attention_forward(const AttentionShape& shape, const AttentionForward<T>& arrays,
                       Scratch& scratch) {
  check(shape);
  attention_kernels<T>(instructions()).forward(shape, arrays, scratch);
}

template <class T>
void attention_backward(const AttentionShape& shape, const AttentionBackward<T>& arrays,
                        Scratch& scratch) {
  check(shape);
  attention_kernels<T>(instructions()).backward(shape, arrays, scratch);
}

template void attention_forward(const AttentionShape&, const AttentionForward<float>&, Scratch&);
template void attention_forward(const AttentionShape&, const AttentionForward<Bfloat16>&, Scratch&);
template void attention_backward(const AttentionShape&, const AttentionBackward<float>&, Scratch&);
template void attention_backward(const AttentionShape&, const AttentionBackward<Bfloat16>&,
                                 Scratch&);

}  // namespace qkv::kernels
