#include "model/fused_attention.h"

namespace qkv::model {

at::Tensor fused_attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                           const at::Tensor& mask, bool causal, double scale, double dropout) {
  const std::optional<at::Tensor> given = mask.defined() ? std::optional(mask) : std::nullopt;
  return at::scaled_dot_product_attention(query, key, value, given, dropout, causal, scale);
}

}  // namespace qkv::model
