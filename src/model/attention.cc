#include "model/attention.h"

#include <cmath>
#include <limits>

#include "model/fused_attention.h"
#include "model/libtorch.h"

namespace qkv::model {
namespace {

constexpr double kClosed = -std::numeric_limits<double>::infinity();

}  // namespace

Mask make_mask(bool causal, std::int64_t tokens, const Tensor& documents, at::Device device) {
  Mask mask{.only_causal = causal && !documents.defined(), .closed = {}, .documents = documents};
  if (causal) {
    const Tensor later =
        torch::ones({tokens, tokens}, at::TensorOptions().dtype(at::kBool).device(device));
    mask.closed = later.triu(1).view({1, 1, tokens, tokens});
  }
  if (documents.defined()) {
    const Tensor other = (documents.unsqueeze(2) != documents.unsqueeze(1)).unsqueeze(1);
    mask.closed = mask.closed.defined() ? mask.closed | other : other;
  }
  return mask;
}

Attention::Attention(const Parameters& parameters, const spec::LayerWeights& weights,
                     const spec::ModelConfig& config, std::int64_t layer)
    : layer_(layer),
      heads_(config.heads),
      head_width_(config.head_width()),
      learned_(config.attention.projection == spec::Projection::kLearned),
      uniform_(config.attention.weights == spec::Weighting::kUniform),
      scaled_(config.attention.scaled),
      query_(parameters, weights.query),
      key_(parameters, weights.key),
      value_(parameters, weights.value),
      output_(parameters, weights.output),
      value_mix_(parameters.at(weights.value_mix)) {
  if (weights.query_norm.weight == spec::kAbsent) return;
  query_norm_.emplace(parameters, weights.query_norm, spec::Norm::kRms, config.norm_epsilon);
  key_norm_.emplace(parameters, weights.key_norm, spec::Norm::kRms, config.norm_epsilon);
}

Tensor Attention::split_heads(const Tensor& x) const {
  return x.view({x.size(0), x.size(1), -1, head_width_}).transpose(1, 2);
}

Tensor Attention::prepared(const Linear& projection, const std::optional<Norm>& norm,
                           const Tensor& x, const Tensor& positions,
                           const Position& position) const {
  Tensor heads = split_heads(learned_ ? projection(x) : x);
  // A norm is computed in float32 even if autocast multiplies in bfloat16.
  if (norm) {
    if (heads.scalar_type() == at::kBFloat16) heads = heads.to(at::kFloat);
    heads = rounded_for_products((*norm)(heads));
  }
  return position.rotate(heads, positions);
}

Tensor Attention::operator()(const Tensor& x, const Tensor& positions, const Position& position,
                             const Mask& mask, const Pass& pass, const std::string& prefix,
                             Tensor& first_value) const {
  Tensor query;
  Tensor key;
  Tensor value = split_heads(learned_ ? value_(x) : x);
  if (!uniform_) {
    query = prepared(query_, query_norm_, x, positions, position);
    key = prepared(key_, key_norm_, x, positions, position);
    query = pass.tap(prefix, "query", query);
    key = pass.tap(prefix, "key", key);
  }
  if (value_mix_.defined()) value = value_mix_[0] * value + value_mix_[1] * first_value;
  value = pass.tap(prefix, "value", value);
  if (layer_ == 0) first_value = value;

  if (const std::int64_t group = heads_ / value.size(1); group > 1) {
    if (key.defined()) key = key.repeat_interleave(group, 1);
    value = value.repeat_interleave(group, 1);
  }

  Tensor mixed;
  const bool keyed_dropout = pass.dropout.active() && !pass.dropout.draws_in_order();
  if (!uniform_ && pass.taps == nullptr && !keyed_dropout) {
    // The weights are not needed: the same result in one operation that stores no scores.
    mixed = mixed_at_once(query, key, value, position, mask, pass.dropout.probability());
  } else {
    Tensor taken =
        uniform_ ? even_weights(x, mask) : weights(query, key, position, mask, pass, prefix);
    taken = pass.tap(prefix, "weights", taken);
    taken = pass.dropout.of_weights(taken, base::dropout_place(layer_, 0), mask.documents);
    mixed = at::matmul(taken, value);
    mixed = pass.tap(prefix, "mixed", mixed);
  }
  return pass.tap(prefix, "output", output_(mixed.transpose(1, 2).flatten(2)));
}

Tensor Attention::weights(const Tensor& query, const Tensor& key, const Position& position,
                          const Mask& mask, const Pass& pass, const std::string& prefix) const {
  Tensor scores = at::matmul(query, key.transpose(2, 3));
  // The softmax is computed in float32 even if autocast multiplies in bfloat16.
  if (scores.scalar_type() == at::kBFloat16) scores = scores.to(at::kFloat);
  scores = pass.tap(prefix, "scores", scores);
  if (scaled_) scores = scores / std::sqrt(static_cast<double>(head_width_));
  scores = pass.tap(prefix, "scaled", scores);
  if (const Tensor bias = position.bias(query.size(2)); bias.defined()) scores = scores + bias;
  if (mask.closed.defined()) scores = scores.masked_fill(mask.closed, kClosed);
  return pass.tap(prefix, "masked", scores).softmax(-1);
}

Tensor Attention::mixed_at_once(const Tensor& query, const Tensor& key, const Tensor& value,
                                const Position& position, const Mask& mask, double dropout) const {
  Tensor limits = position.bias(query.size(2));
  if (limits.defined() && mask.closed.defined()) {
    limits = limits.masked_fill(mask.closed, kClosed);
  } else if (mask.closed.defined() && !mask.only_causal) {
    limits = mask.closed.logical_not();
  }
  const double scale = scaled_ ? 1 / std::sqrt(static_cast<double>(head_width_)) : 1.0;
  return fused_attention(query, key, value, limits, mask.only_causal && !limits.defined(), scale,
                         dropout);
}

Tensor Attention::even_weights(const Tensor& x, const Mask& mask) const {
  Tensor scores = torch::zeros({1, 1, x.size(1), x.size(1)}, x.options());
  if (mask.closed.defined()) scores = scores.masked_fill(mask.closed, kClosed);
  return scores.softmax(-1).expand({x.size(0), heads_, -1, -1});
}

}  // namespace qkv::model
