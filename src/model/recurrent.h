#pragma once

#include <vector>

#include "model/model.h"
#include "model/sequences.h"

namespace qkv::model {

/// One layer of a recurrent net: it reads token after token and keeps what it needs in a state of
/// fixed width. σ is the logistic function, ⊙ goes number by number; h is 0 before the first token.
///
/// lstm (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000):
///   i, f, o = σ(W x + b + U h + c)          input, forget and output gate, each with its own
///                                           matrices and biases
///   g       = tanh(W x + b + U h + c)       what could be kept
///   cell    = f ⊙ cell + i ⊙ g
///   h       = o ⊙ tanh(cell)
///
/// gru (Cho et al. 2014, with the reset gate behind the product as cuDNN has it):
///   r, z    = σ(W x + b + U h + c)          reset and update gate
///   n       = tanh(W x + b + r ⊙ (U h + c))
///   h       = (1 − z) ⊙ n + z ⊙ h
///
/// A masked model reads in both directions, each with half the width (Schuster and Paliwal 1997).
class RecurrentLayer {
 public:
  RecurrentLayer(Parameters& parameters, const config::ModelConfig& config, std::int64_t layer);

  /// The states h: x [batch, tokens, width] → [batch, tokens, width]. Goes on from the cache's.
  Tensor operator()(const Tensor& x, const Sequences& sequences, Cache* cache) const;

 private:
  /// weight_ih [gates · hidden, width], weight_hh [gates · hidden, hidden], bias_ih, bias_hh, the
  /// gates in the order i, f, g, o or r, z, n.
  using Weights = std::vector<Tensor>;

  Tensor run(const Tensor& x, const Weights& weights, std::vector<Tensor>& state) const;

  std::size_t layer_;
  bool lstm_;
  std::int64_t hidden_;  ///< width of the state in one direction
  Weights forward_;
  Weights backward_;  ///< empty where nothing reads backwards
};

/// An LSTM or GRU as a language model, in which all that a token knows of those before it has gone
/// through one state:
///
///   ids → embedding → layers → norm → logits
class Recurrent : public Model {
 public:
  /// Fresh weights: the layers' as PyTorch's, uniform in ±1/√hidden; the others as the
  /// Transformer's. The arguments are Model's.
  Recurrent(const config::ModelConfig& config, std::int64_t vocabulary, std::uint64_t seed,
            at::TensorOptions options = at::kFloat);

 private:
  /// Positions mean nothing to it.
  Tensor read(const Tokens& tokens, const Pass& pass) const override;

  std::vector<RecurrentLayer> layers_;
};

}  // namespace qkv::model
