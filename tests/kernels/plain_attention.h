#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/attention_core.h"
#include "kernels/attention_dropout.h"

namespace qkv::kernels {

/// Attention written out, with all scores stored. In double, it is the reference of the kernels; in
/// float, it shows which precision float32 can reach. All arrays are [token, head, channel] without
/// gaps.
template <class Real>
struct PlainAttentionIn {
  AttentionShape shape;
  std::vector<Real> query, key, value;

  /// Set by forward.
  std::vector<Real> mixed;    ///< [token, head, channel]
  std::vector<Real> log_sum;  ///< [head, token]
  std::vector<Real> weights;  ///< [head, query, key], before dropout

  /// Set by backward.
  std::vector<Real> query_gradient, key_gradient, value_gradient;
  /// The largest sum, for a query, of the sizes of the terms whose differences are its scores'
  /// gradients.
  Real cancelled = 0;

  std::int64_t shared(std::int64_t head) const {
    return head * shape.key_value_heads / shape.heads;
  }
  std::size_t at(std::int64_t token, std::int64_t head, std::int64_t heads) const {
    return static_cast<std::size_t>((token * heads + head) * shape.head_width);
  }
  Real& weight(std::int64_t head, std::int64_t q, std::int64_t k) {
    return weights[static_cast<std::size_t>((head * shape.tokens + q) * shape.tokens + k)];
  }

  /// The factor of a weight: 0, or 1 over the probability of being kept.
  Real dropout(std::int64_t head, std::int64_t q, std::int64_t k) const {
    const HeadDropout of_head = head_dropout(shape.dropout, head);
    const auto number = query_number(of_head, static_cast<std::uint32_t>(q));
    return keeps(of_head, number, k) ? 1 / static_cast<Real>(of_head.kept) : 0;
  }

  void forward() {
    const std::int64_t width = shape.head_width;
    mixed.assign(query.size(), 0);
    log_sum.assign(static_cast<std::size_t>(shape.heads * shape.tokens), 0);
    weights.assign(static_cast<std::size_t>(shape.heads * shape.tokens * shape.tokens), 0);
    for (std::int64_t head = 0; head < shape.heads; ++head)
      for (std::int64_t q = 0; q < shape.tokens; ++q) {
        const std::int64_t seen = shape.causal ? q + 1 : shape.tokens;
        Real most = -INFINITY;
        for (std::int64_t k = 0; k < seen; ++k) {
          Real score = 0;
          for (std::int64_t c = 0; c < width; ++c)
            score += query[at(q, head, shape.heads) + c] *
                     key[at(k, shared(head), shape.key_value_heads) + c];
          score *= static_cast<Real>(shape.scale);
          if (shape.slopes != nullptr)
            score -= static_cast<Real>(shape.slopes[head]) * static_cast<Real>(std::abs(q - k));
          weight(head, q, k) = score;
          most = std::max(most, score);
        }
        Real sum = 0;
        for (std::int64_t k = 0; k < seen; ++k) sum += std::exp(weight(head, q, k) - most);
        log_sum[static_cast<std::size_t>(head * shape.tokens + q)] = most + std::log(sum);
        for (std::int64_t k = 0; k < seen; ++k) {
          weight(head, q, k) = std::exp(weight(head, q, k) - most) / sum;
          const Real used = weight(head, q, k) * dropout(head, q, k);
          for (std::int64_t c = 0; c < width; ++c)
            mixed[at(q, head, shape.heads) + c] +=
                used * value[at(k, shared(head), shape.key_value_heads) + c];
        }
      }
  }

  /// After forward.
  void backward(const std::vector<Real>& mixed_gradient) {
    const std::int64_t width = shape.head_width;
    query_gradient.assign(query.size(), 0);
    key_gradient.assign(key.size(), 0);
    value_gradient.assign(value.size(), 0);
    cancelled = 0;
    std::vector<Real> gradient(static_cast<std::size_t>(shape.tokens));
    for (std::int64_t head = 0; head < shape.heads; ++head)
      for (std::int64_t q = 0; q < shape.tokens; ++q) {
        const std::int64_t seen = shape.causal ? q + 1 : shape.tokens;
        const std::size_t of_query = at(q, head, shape.heads);
        Real mean = 0;
        for (std::int64_t k = 0; k < seen; ++k) {
          const std::size_t of_key = at(k, shared(head), shape.key_value_heads);
          const Real factor = dropout(head, q, k);
          Real product = 0;
          for (std::int64_t c = 0; c < width; ++c) {
            product += mixed_gradient[of_query + c] * value[of_key + c];
            value_gradient[of_key + c] +=
                weight(head, q, k) * factor * mixed_gradient[of_query + c];
          }
          gradient[static_cast<std::size_t>(k)] = product * factor;
          mean += weight(head, q, k) * product * factor;
        }
        Real parts = 0;
        for (std::int64_t k = 0; k < seen; ++k)
          parts += weight(head, q, k) * std::abs(gradient[static_cast<std::size_t>(k)]);
        for (std::int64_t c = 0; c < width; ++c)
          parts += std::abs(mixed[of_query + c] * mixed_gradient[of_query + c]);
        cancelled = std::max(cancelled, parts);
        for (std::int64_t k = 0; k < seen; ++k) {
          const std::size_t of_key = at(k, shared(head), shape.key_value_heads);
          const Real of_product = static_cast<Real>(shape.scale) * weight(head, q, k) *
                                  (gradient[static_cast<std::size_t>(k)] - mean);
          for (std::int64_t c = 0; c < width; ++c) {
            query_gradient[of_query + c] += of_product * key[of_key + c];
            key_gradient[of_key + c] += of_product * query[of_query + c];
          }
        }
      }
  }
};

using PlainAttention = PlainAttentionIn<double>;

}  // namespace qkv::kernels
