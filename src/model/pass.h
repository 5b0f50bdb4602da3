#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "model/tensor.h"

namespace qkv::model {

/// Sees every intermediate value of a forward pass by its name (docs/taps.md) and may replace it.
class Taps {
 public:
  virtual ~Taps() = default;
  /// Returns the value that the pass goes on with: `value` itself unless it intervenes.
  virtual Tensor see(const std::string& name, Tensor value) = 0;
};

/// Sets each value to zero with probability p and divides the others by 1 − p (Srivastava et al.
/// 2014). Which ones depends only on (seed, step, place, row in the step's batch). So a resumed run
/// drops the same, a batch that is split does, and on the CPU a training step by kernels
/// (src/fused) does as this definition; or in_order, on the state of the device's generator.
class Dropout {
 public:
  Dropout() = default;  ///< drops nothing
  /// `step` numbers the steps of a run, `first_row` is where in its batch those that a pass reads
  /// begin.
  Dropout(double probability, std::uint64_t seed, std::uint64_t step, std::int64_t first_row = 0)
      : probability_(probability), seed_(seed), step_(step), first_row_(first_row) {}
  /// Draws one after the other from libtorch's own generator of the device, which seed_device sets
  /// before the pass: so also operations that keep no weights can drop them.
  static Dropout in_order(double probability) {
    Dropout dropout(probability, 0, 0);
    dropout.in_order_ = true;
    return dropout;
  }

  /// `place` tells the dropouts of one pass apart; the first axis of `x` is rows.
  Tensor operator()(const Tensor& x, std::uint64_t place) const;
  /// The same of attention weights [batch, heads, queries, keys], where each document has a mask of
  /// its own. `documents` [batch, keys] numbers them, or is undefined for one document a row; the
  /// queries are the last ones of the keys. Weights between documents come back as 0. The
  /// probability is rounded to a multiple of 2^-16.
  Tensor of_weights(const Tensor& weights, std::uint64_t place, const Tensor& documents) const;
  bool active() const { return probability_ > 0; }
  bool draws_in_order() const { return in_order_; }
  double probability() const { return probability_; }

 private:
  Tensor by_generator(const Tensor& x, std::uint64_t place) const;

  double probability_ = 0;
  bool in_order_ = false;
  std::uint64_t seed_ = 0;
  std::uint64_t step_ = 0;
  std::int64_t first_row_ = 0;
};

/// What a causal model keeps of the tokens that it has read, so that the next token needs only its
/// own row. An empty one is at the beginning of a text.
struct Cache {
  std::int64_t tokens = 0;  ///< how many were read; at 0 the rest means nothing
  /// A Transformer's: one entry a layer, each [batch, key_value_heads, tokens, head_width].
  std::vector<Tensor> keys;
  std::vector<Tensor> values;
  /// A recurrent net's: by layer the state h, of an LSTM h and cell, each [1, batch, width].
  std::vector<std::vector<Tensor>> states;
};

/// What a forward pass carries besides its tokens. A pass without taps pays nothing for them.
struct Pass {
  Taps* taps = nullptr;
  Dropout dropout;
  Cache* cache = nullptr;

  /// How many tokens were read before this pass.
  std::int64_t tokens_before() const { return cache == nullptr ? 0 : cache->tokens; }

  /// Shows `value` to the taps, if any, as PREFIX NAME.
  Tensor tap(const std::string& prefix, const char* name, Tensor value) const {
    return taps == nullptr ? std::move(value) : taps->see(prefix + name, std::move(value));
  }
};

}  // namespace qkv::model
