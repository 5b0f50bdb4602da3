#include "engine/model.h"

#include <utility>

#include "base/error.h"
#include "base/format.h"

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
             std::vector<base::Array> weights, const kernels::Loops& loops)
    : config_(config),
      vocabulary_(vocabulary),
      loops_(loops),
      list_(config, vocabulary),
      held_(hold(config, list_, std::move(weights), loops)),
      positions_(config, held_->packed.positions, loops) {}

Model::Model(const Model& model, Intervention intervention)
    : config_(model.config_),
      vocabulary_(model.vocabulary_),
      loops_(model.loops_),
      list_(model.list_),
      held_(model.held_),
      positions_(model.positions_),
      intervention_(std::move(intervention)) {}

std::shared_ptr<const Model::Held> Model::hold(const spec::ModelConfig& config,
                                               const spec::WeightList& list,
                                               std::vector<base::Array> weights,
                                               const kernels::Loops& loops) {
  require_fit(list, weights);
  auto held = std::make_shared<Held>();
  held->weights = std::move(weights);
  held->packed = pack_weights(config, list, held->weights, loops.panels.lanes, held->memory);
  return held;
}

void Model::normalise(kernels::NormShape norm, std::int64_t rows, const float* x, float* y) const {
  norm.rows = rows;
  loops_.over_floats.norm.forward(norm, x, nullptr, {}, nullptr, nullptr, y);
}

void Model::multiply(const Panels& matrix, Rows x, MutableRows y) const {
  const std::int64_t panels = kernels::panels_of(matrix.outputs, loops_.panels.lanes);
  loops_.panels.multiply(matrix, 0, panels, x, y, /*add=*/false);
}

base::Array Model::weight(spec::WeightIndex index) const {
  const base::Array& kept = held_->weights[static_cast<std::size_t>(index)];
  if (!kept.values.empty()) return kept;
  base::Array weight(kept.shape);
  const PackedMatrix& packed = held_->packed.matrices[static_cast<std::size_t>(index)];
  kernels::unpack(packed.panels, packed.first, loops_.panels.lanes, weight.view());
  return weight;
}

void Model::logits(Rows final, MutableRows logits) const {
  multiply(held_->packed.output, final, logits);
}

}  // namespace qkv::engine
