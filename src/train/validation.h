#pragma once

#include <cstdint>

#include "model/libtorch.h"
#include "model/model.h"
#include "predict/loss.h"
#include "text/corpus/token_file.h"

namespace qkv::train {

/// How well the model, as it is, predicts all of `tokens`: predict::score_text, with a copy of the
/// weights. On a CUDA device, score_on_device. `seed` draws the masks of a masked model. Throws
/// Error if the text holds no token to predict.
predict::Score validate(const model::Model& model, const text::TokenFile& tokens,
                        std::uint64_t seed, const model::Runtime& runtime);

/// The same, but the model itself reads on its device, in the precision of the runtime. Equal
/// except for rounding, which may decide between two pieces that are equally probable.
predict::Score score_on_device(const model::Model& model, const text::TokenFile& tokens,
                               std::uint64_t seed, const model::Runtime& runtime);

}  // namespace qkv::train
