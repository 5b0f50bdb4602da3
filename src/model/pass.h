#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "model/tensor.h"

namespace qkv::model {

/// Receives every intermediate value of a forward pass by its name (docs/taps.md) and may replace
/// it.
class Taps {
 public:
  virtual ~Taps() = default;
  /// Returns the value with which the pass continues: `value` itself unless it is replaced.
  virtual Tensor see(const std::string& name, Tensor value) = 0;
};

/// Sets each value to zero with probability p and divides the others by 1 − p (Srivastava et al.
/// 2014). The choice depends only on (seed, step, place, row in the step's batch). Therefore, the
/// same values are dropped in a resumed run, in a batch that is split, and, on the CPU, in a
/// training step by kernels (src/engine/training). With in_order, it depends on the state of the
/// device's generator instead.
class Dropout {
 public:
  Dropout() = default;  ///< drops nothing
  /// `step` numbers the steps of a run; `first_row` is the index in its batch of the first row that
  /// a pass reads.
  Dropout(double probability, std::uint64_t seed, std::uint64_t step, std::int64_t first_row = 0)
      : probability_(probability), seed_(seed), step_(step), first_row_(first_row) {}
  /// Draws one after the other from libtorch's own generator of the device, which seed_device sets
  /// before the pass, so that operations that store no weights can drop them too.
  static Dropout in_order(double probability) {
    Dropout dropout(probability, 0, 0);
    dropout.in_order_ = true;
    return dropout;
  }

  /// `place` identifies one dropout of a pass; the first axis of `x` is rows.
  Tensor operator()(const Tensor& x, std::uint64_t place) const;
  /// The same for attention weights [batch, heads, query, key], where each document has its own
  /// mask. `documents` [batch, tokens] numbers them, or is undefined for one document per row.
  /// Weights between documents become 0. The probability is rounded to a multiple of 2^-16.
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

/// What a forward pass carries besides its tokens. A pass without taps spends no time on them.
struct Pass {
  Taps* taps = nullptr;
  Dropout dropout;

  /// Passes `value` to the taps, if any, with the name PREFIX NAME.
  Tensor tap(const std::string& prefix, const char* name, Tensor value) const {
    return taps == nullptr ? std::move(value) : taps->see(prefix + name, std::move(value));
  }
};

}  // namespace qkv::model
