#pragma once

#include <vector>

#include "model/model.h"
#include "model/sequences.h"

namespace qkv::model {

/// One layer of a recurrent net: it reads one token after the other and keeps information in a
/// state of fixed width. σ is the logistic function, ⊙ is elementwise; h is 0 before the first
/// token.
///
/// lstm (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000):
///   i, f, o = σ(W x + b + U h + c)          input, forget and output gate, each with its own
///                                           matrices and biases
///   g       = tanh(W x + b + U h + c)       the candidate
///   cell    = f ⊙ cell + i ⊙ g
///   h       = o ⊙ tanh(cell)
///
/// gru (Cho et al. 2014, with the reset gate after the product as in cuDNN):
///   r, z    = σ(W x + b + U h + c)          reset and update gate
///   n       = tanh(W x + b + r ⊙ (U h + c))
///   h       = (1 − z) ⊙ n + z ⊙ h
///
/// A masked model reads in both directions, each with half the width (Schuster and Paliwal 1997).
class RecurrentLayer {
 public:
  RecurrentLayer(const Parameters& parameters, const spec::ModelConfig& config, std::int64_t layer);

  /// The states h: x [batch, tokens, width] → [batch, tokens, width].
  Tensor operator()(const Tensor& x, const Sequences& sequences) const;

 private:
  /// weight_ih [gates · hidden, width], weight_hh [gates · hidden, hidden], bias_ih, bias_hh, the
  /// gates in the order i, f, g, o or r, z, n.
  using Weights = std::vector<Tensor>;

  Tensor run(const Tensor& x, const Weights& weights) const;

  spec::Architecture kind_;
  std::int64_t hidden_;  ///< width of the state in one direction
  Weights forward_;
  Weights backward_;  ///< empty unless there is a backward direction
};

/// An LSTM or GRU as a language model. All information about earlier tokens passes through one
/// state:
///
///   ids → embedding → layers → norm → logits
class Recurrent : public Model {
 public:
  /// Fresh weights: those of the layers as in PyTorch, uniform in ±1/√hidden; the others as in the
  /// Transformer. The arguments are those of Model.
  Recurrent(const spec::ModelConfig& config, std::int64_t vocabulary, std::uint64_t seed,
            at::TensorOptions options = at::kFloat);

 private:
  /// It does not use positions.
  Tensor read(const Tokens& tokens, const Pass& pass) const override;

  std::vector<RecurrentLayer> layers_;
};

}  // namespace qkv::model
