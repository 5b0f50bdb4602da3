#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "spec/model.h"
#include "spec/training.h"

namespace qkv::spec {

/// The initial values of a weight: drawn from N(0, value²), drawn uniformly from −value to value,
/// or all equal to value.
struct Initial {
  enum class Kind { kNormal, kUniform, kConstant };
  Kind kind = Kind::kConstant;
  double value = 0;
};

/// The role of a weight decides how it is updated. kMatrix is a linear map inside a layer, kTable
/// holds a vector for each token or position, and kVector is a bias or the scale of a norm.
/// Matrices and tables decay, vectors do not. Muon updates only the matrices: the others are not
/// linear maps.
enum class Role { kMatrix, kTable, kVector };

struct Weight {
  std::string name;                 ///< in the checkpoint (docs/checkpoint.md)
  std::vector<std::int64_t> shape;  ///< of a matrix [out, in]
  Initial initial;
  Role role = Role::kVector;

  bool decays() const { return role != Role::kVector; }
};

/// Whether Muon updates this weight.
inline bool by_muon(Optimizer optimizer, const Weight& weight) {
  return optimizer == Optimizer::kMuon && weight.role == Role::kMatrix;
}

/// The index of a weight in WeightList::all; kAbsent if the model has no such weight.
using WeightIndex = std::int64_t;
constexpr WeightIndex kAbsent = -1;

/// A linear map or a norm.
struct Affine {
  WeightIndex weight = kAbsent;
  WeightIndex bias = kAbsent;
};

/// A block of the Transformer.
struct LayerWeights {
  Affine attention_norm, query, key, value, output;
  Affine query_norm, key_norm;      ///< of a head, the same for all heads
  WeightIndex value_mix = kAbsent;  ///< [2], the factors of its own values and of the first layer's
  Affine feed_forward_norm, gate, up, down;
};

/// One direction of a recurrent layer: the maps from its input and from its state to the gates.
struct RecurrentWeights {
  Affine input, state;
};

/// Every weight of a model, in the order of the data flow. Checkpoints and the random streams of
/// the initial values have the same order. Names and shapes are defined only here.
struct WeightList {
  WeightList() = default;  ///< without any weights
  WeightList(const ModelConfig& model, std::int64_t vocabulary);

  std::vector<Weight> all;

  WeightIndex embedding = kAbsent;
  WeightIndex positions = kAbsent;                ///< learned positions
  std::vector<LayerWeights> layers;               ///< of a Transformer
  std::vector<RecurrentWeights> states;           ///< of an LSTM or GRU, by layer
  std::vector<RecurrentWeights> states_from_end;  ///< of a masked one, which also reads backwards
  Affine norm;
  WeightIndex head = kAbsent;  ///< the embedding's if tied

 private:
  WeightIndex add(const std::string& name, std::vector<std::int64_t> shape, Initial initial,
                  Role role);
  Affine add_norm(const std::string& name, const ModelConfig& model);
  /// A norm without a bias.
  Affine add_scale(const std::string& name, std::int64_t width);
  Affine add_linear(const std::string& name, std::int64_t in, std::int64_t out, double deviation,
                    bool bias);
  LayerWeights add_layer(std::int64_t layer, const ModelConfig& model);
  RecurrentWeights add_states(const std::string& end, const ModelConfig& model);
};

/// The number of values in all weights. As a double: nothing overflows.
double count_parameters(const ModelConfig& model, std::int64_t vocabulary);

/// The number of gates of a recurrent layer: i, f, g, o for an LSTM, r, z, n for a GRU, and 0 for a
/// Transformer.
std::int64_t gate_count(Architecture kind);

}  // namespace qkv::spec
