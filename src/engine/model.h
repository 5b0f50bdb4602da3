#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/array.h"
#include "engine/positions.h"
#include "engine/taps.h"
#include "engine/weights.h"
#include "kernels/loops.h"
#include "spec/model.h"
#include "spec/weights.h"

namespace qkv::engine {

/// A trained model as plain arrays, ready to be read with (engine/reader.h). Many readers, on any
/// threads, may share one.
class Model {
 public:
  /// `weights` are those of spec::WeightList, in its order and with its shapes. Throws Error if
  /// they are not.
  Model(const spec::ModelConfig& config, std::int64_t vocabulary, std::vector<base::Array> weights,
        const kernels::Loops& loops = kernels::loops());
  /// A model with the same weights, which both hold, in which every pass makes an intervention.
  Model(const Model& model, Intervention intervention);
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  const spec::ModelConfig& config() const { return config_; }
  std::int64_t vocabulary() const { return vocabulary_; }
  /// Names and shapes of the weights.
  const spec::WeightList& list() const { return list_; }
  /// A copy of a weight of the list, which the model has.
  base::Array weight(spec::WeightIndex index) const;
  /// The embedding table [vocabulary, width].
  base::View embedding() const {
    return held_->weights[static_cast<std::size_t>(list_.embedding)].view();
  }
  /// Null unless passes make one.
  const Intervention* intervention() const { return intervention_ ? &*intervention_ : nullptr; }

  /// The logits [rows, vocabulary] of vectors after the last norm [rows, width]. A row that is
  /// alone is summed in another order than one among several.
  void logits(Rows final, MutableRows logits) const;

  // For readers:
  const kernels::Loops& loops() const { return loops_; }
  /// y = norm(x), [rows, width].
  void normalise(kernels::NormShape norm, std::int64_t rows, const float* x, float* y) const;
  /// y = x Wᵀ + bias, for the outputs of all panels.
  void multiply(const Panels& matrix, Rows x, MutableRows y) const;
  const Positions& positions() const { return positions_; }
  const PackedWeights& packed() const { return held_->packed; }

 private:
  struct Held {
    std::vector<base::Array> weights;  ///< tables and vectors; matrices are only in `packed`
    kernels::Arena memory;
    PackedWeights packed;
  };
  static std::shared_ptr<const Held> hold(const spec::ModelConfig& config,
                                          const spec::WeightList& list,
                                          std::vector<base::Array> weights,
                                          const kernels::Loops& loops);

  spec::ModelConfig config_;
  std::int64_t vocabulary_;
  const kernels::Loops& loops_;
  spec::WeightList list_;
  std::shared_ptr<const Held> held_;
  Positions positions_;
  std::optional<Intervention> intervention_;
};

}  // namespace qkv::engine
