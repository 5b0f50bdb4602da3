#include "kernels/attention_core.h"

#include <string>

#include "base/error.h"

namespace qkv::kernels {
namespace {

constexpr std::int64_t kWidest = 256;

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

template <class T>
void attention_forward(const AttentionShape& shape, const AttentionForward<T>& arrays,
                       Scratch& scratch) {
  check(shape);
  attention_loops<T>().forward(shape, arrays, scratch);
}

template <class T>
void attention_backward(const AttentionShape& shape, const AttentionBackward<T>& arrays,
                        Scratch& scratch) {
  check(shape);
  attention_loops<T>().backward(shape, arrays, scratch);
}

template void attention_forward(const AttentionShape&, const AttentionForward<float>&, Scratch&);
template void attention_forward(const AttentionShape&, const AttentionForward<Bfloat16>&, Scratch&);
template void attention_backward(const AttentionShape&, const AttentionBackward<float>&, Scratch&);
template void attention_backward(const AttentionShape&, const AttentionBackward<Bfloat16>&,
                                 Scratch&);

}  // namespace qkv::kernels
