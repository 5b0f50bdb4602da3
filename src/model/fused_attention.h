#pragma once

#include <torch/types.h>

namespace qkv::model {

/// softmax(scale · q kᵀ + mask) v in one operation that stores no scores: the plain formula of
/// model/attention.cc, block by block (Dao et al. 2022), as implemented in libtorch.
///
/// query [batch, heads, queries, head_width], key and value [batch, heads, keys, head_width].
/// `mask` broadcasts to [batch, heads, queries, keys]: it is added to the scores or, if boolean,
/// true if a key is open; undefined for none. `causal` (with no mask, queries = keys) closes later
/// keys. `dropout` is the probability of Dropout::in_order on the weights. Returns [batch, heads,
/// queries, head_width].
at::Tensor fused_attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                           const at::Tensor& mask, bool causal, double scale, double dropout = 0);

}  // namespace qkv::model
