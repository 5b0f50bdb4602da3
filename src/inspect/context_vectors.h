#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/libtorch.h"
#include "model/model.h"

namespace qkv::inspect {

/// A word as it stands in what a model reads.
struct PlacedWord {
  std::vector<std::int32_t> ids;     ///< all that is read
  std::vector<std::int64_t> tokens;  ///< the places of the word's own tokens; at least one
};

/// The vector of each word in its context at each depth, double [layers + 1, width] on the CPU: 0
/// is what the first layer reads (the embedding, with its position where one is added), then comes
/// what each layer gives out. A word of several tokens is their mean. Shows progress where `label`
/// is not empty. Throws Error as the model does.
std::vector<model::Tensor> context_vectors(const model::Model& model,
                                           const std::vector<PlacedWord>& words,
                                           const model::Runtime& runtime,
                                           const std::string& label = "");

}  // namespace qkv::inspect
