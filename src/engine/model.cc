#include "engine/model.h"

#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "engine/processor.h"

namespace qkv::engine {
namespace {

void require_fit(const spec::WeightList& list, const std::vector<base::Array>& weights) {
  if (weights.size() != list.all.size()) {
    throw base::Error(base::concat("weights: found ", weights.size(), ", expected ",
                                   list.all.size(), " for this model"));
  }
  for (std::size_t index = 0; index < weights.size(); ++index) {
    const spec::Weight& weight = list.all[index];
    if (weights[index].shape != weight.shape) {
      throw base::Error(base::concat("weight ", weight.name, ": found shape ",
                                     base::shape_text(weights[index].shape), ", expected ",
                                     base::shape_text(weight.shape)));
    }
  }
}

}  // namespace

Model::Model(const spec::ModelConfig& config, std::int64_t vocabulary,
             std::vector<base::Array> weights, const Arithmetic& arithmetic)
    : config_(config),
      vocabulary_(vocabulary),
      arithmetic_(arithmetic),
      list_(config, vocabulary),
      weights_(std::move(weights)) {
  require_fit(list_, weights_);
  packed_ = pack_weights(config_, list_, weights_, arithmetic_.lanes, memory_);
  positions_.emplace(config_, packed_.positions);
}

Model::Model(const spec::ModelConfig& config, std::int64_t vocabulary,
             std::vector<base::Array> weights)
    : Model(config, vocabulary, std::move(weights), best_arithmetic()) {}

base::Array Model::weight(spec::WeightIndex index) const {
  const base::Array& kept = weights_[static_cast<std::size_t>(index)];
  if (!kept.values.empty()) return kept;
  base::Array weight(kept.shape);
  const PackedMatrix& packed = packed_.matrices[static_cast<std::size_t>(index)];
  unpack(packed.panels, packed.first, arithmetic_.lanes, weight.view());
  return weight;
}

void Model::logits(Rows final, MutableRows logits) const {
  const Panels& matrix = packed_.output;
  arithmetic_.multiply(matrix, 0, panels_of(matrix.outputs, arithmetic_.lanes), final, logits,
                       false);
}

}  // namespace qkv::engine
