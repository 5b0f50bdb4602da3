#include "model/embedding.h"

#include "base/error.h"
#include "base/format.h"
#include "model/linear.h"

namespace qkv::model {

Embedding::Embedding(Parameters& parameters, const config::ModelConfig& config,
                     std::int64_t vocabulary)
    : weight(parameters.normal("model.embed_tokens.weight", {vocabulary, config.width},
                               config.initial_deviation)) {}

Tensor Embedding::operator()(const Tensor& ids) const {
  try {
    return at::embedding(weight, ids);
  } catch (const c10::IndexError&) {  // libtorch's own check, on the CPU only
    throw base::Error(base::concat("found a token id outside the vocabulary, expected 0 to ",
                                   weight.size(0) - 1));
  }
}

}  // namespace qkv::model
