#include "model/embedding.h"

#include "model/linear.h"

namespace qkv {

Embedding::Embedding(Parameters& parameters, const ModelConfig& config, std::int64_t vocabulary)
    : weight(parameters.normal("model.embed_tokens.weight", {vocabulary, config.width}, kInitialDeviation)) {}

Tensor Embedding::operator()(const Tensor& ids) const { return at::embedding(weight, ids); }

}  // namespace qkv
