#pragma once

#include <vector>

#include "model/block.h"
#include "model/model.h"
#include "model/position.h"

namespace qkv::model {

/// The Transformer (Vaswani et al. 2017) as a language model, pre-norm (Radford et al. 2019):
///
///   ids → embedding (+ position) → blocks → norm → logits
class Transformer : public Model {
 public:
  /// Fresh weights, N(0, initial_deviation²). The arguments are those of Model.
  Transformer(const spec::ModelConfig& config, std::int64_t vocabulary, std::uint64_t seed,
              at::TensorOptions options = at::kFloat);

 private:
  Tensor read(const Tokens& tokens, const Pass& pass) const override;

  Position position_;
  std::vector<Block> blocks_;
};

}  // namespace qkv::model
