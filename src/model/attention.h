#pragma once

#include <optional>
#include <string>

#include "model/linear.h"
#include "model/norm.h"
#include "model/pass.h"
#include "model/position.h"

namespace qkv::model {

/// Which keys each query may attend to. Made once per pass and shared by all layers.
struct Mask {
  /// Only later tokens are closed.
  bool only_causal = true;
  /// True if a key is closed, [batch | 1, 1, query, key]; undefined if all are open.
  Tensor closed;
  /// Numbers of the documents, [batch, tokens]; undefined for one document per row.
  Tensor documents;
};

/// The open keys of a pass: in a causal model, no token attends to later tokens, and no token
/// attends to another document. `documents` [batch, tokens] numbers them, or is undefined for one
/// document per row.
Mask make_mask(bool causal, std::int64_t tokens, const Tensor& documents, at::Device device);

/// Self-attention with several heads (Vaswani et al. 2017, section 3.2):
///
///   q = x W_Qᵀ,  k = x W_Kᵀ,  v = x W_Vᵀ                  what am I looking for, what do I offer,
///                                                         what do I pass on
///   weights = softmax(q·k / √head_width + mask)           how much each query attends to each key
///   output = (weights · v, all heads side by side) W_Oᵀ
///
/// With query_key_norm, each head's q and k pass through an RMS norm over head_width first (Henry
/// et al. 2020), so that their products cannot grow with the weights.
///
/// With value_residual, later layers mix their values with those of the first, v ← a v + b v₁ (Zhou
/// et al. 2024), so that deep layers still read the words themselves.
///
/// Key/value heads are shared if there are fewer of them than heads: query head i uses ⌊i ·
/// key_value_heads / heads⌋.
class Attention {
 public:
  Attention() = default;
  Attention(const Parameters& parameters, const spec::LayerWeights& weights,
            const spec::ModelConfig& config, std::int64_t layer);

  /// x [batch, tokens, width] → [batch, tokens, width]. `prefix` names the taps. `first_value`
  /// [batch, key_value_heads, tokens, head_width] holds the values of the first layer, which sets
  /// it.
  Tensor operator()(const Tensor& x, const Tensor& positions, const Position& position,
                    const Mask& mask, const Pass& pass, const std::string& prefix,
                    Tensor& first_value) const;

 private:
  /// [batch, tokens, heads · head_width] → [batch, heads, tokens, head_width]
  Tensor split_heads(const Tensor& x) const;
  /// Queries or keys [batch, heads, tokens, head_width], as they enter the product.
  Tensor prepared(const Linear& projection, const std::optional<Norm>& norm, const Tensor& x,
                  const Tensor& positions, const Position& position) const;
  /// How much each query attends to each key, [batch, heads, query, key]; rows sum to 1.
  Tensor weights(const Tensor& query, const Tensor& key, const Position& position, const Mask& mask,
                 const Pass& pass, const std::string& prefix) const;
  /// The same for uniform weights: 1 / (open keys).
  Tensor even_weights(const Tensor& x, const Mask& mask) const;

  /// Weighted sums of the values, [batch, heads, tokens, head_width], without separate weights.
  Tensor mixed_at_once(const Tensor& query, const Tensor& key, const Tensor& value,
                       const Position& position, const Mask& mask, double dropout) const;

  std::int64_t layer_ = 0;
  std::int64_t heads_ = 0;
  std::int64_t head_width_ = 0;
  bool learned_ = true;
  bool uniform_ = false;
  bool scaled_ = true;
  Linear query_;
  Linear key_;
  Linear value_;
  Linear output_;
  std::optional<Norm> query_norm_;
  std::optional<Norm> key_norm_;
  Tensor value_mix_;
};

}  // namespace qkv::model
