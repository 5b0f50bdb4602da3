#include "model/embedding.h"

#include "base/error.h"
#include "base/format.h"
#include "model/libtorch.h"

namespace qkv::model {

Embedding::Embedding(const Parameters& parameters)
    : weight(parameters.at(parameters.weights().embedding)) {}

Tensor Embedding::operator()(const Tensor& ids) const {
  try {
    return at::embedding(weight, ids);
  } catch (const c10::IndexError&) {  // libtorch's own check, on the CPU only
    throw base::Error(base::concat("found a token id outside the vocabulary, expected 0 to ",
                                   weight.size(0) - 1));
  }
}

}  // namespace qkv::model
