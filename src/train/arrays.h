#pragma once

#include <string>
#include <vector>

#include "checkpoint/safetensors.h"
#include "engine/model.h"
#include "model/model.h"

namespace qkv::train {

/// Tensors on any device as arrays to be saved; they must outlive the result.
std::vector<checkpoint::SavedArray> saved(const model::NamedTensors& tensors);

/// Copies the weights of a checkpoint into a model of the same shape.
void load_weights(const engine::Model& saved, const model::Model& model);

/// Copies saved moments into those of a step. Throws Error, naming `where`, unless names and shapes
/// are exactly the same.
void load_moments(const base::NamedArrays& saved, const model::NamedTensors& moments,
                  const std::string& where);

}  // namespace qkv::train
