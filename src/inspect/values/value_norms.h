#pragma once

#include "base/array.h"
#include "engine/model.h"
#include "inspect/recorder.h"

namespace qkv::inspect {

/// How long the vectors are that attention moves: a weight says little if the value that it carries
/// is short (Kobayashi et al. 2020, "Attention is not only a weight").
struct ValueNorms {
  /// ‖A · v · W_O‖ of one head: the length of what the query token receives from the key token,
  /// [layer, head, query, key].
  base::Array heads;
  /// The length of the sum over all heads of a layer, [layer, query, key]: vectors of two heads may
  /// cancel.
  base::Array layers;
};

/// `taps` are those of the model's pass. An ablated head moves nothing. REQUIRES a model with
/// attention.
ValueNorms value_norms(const engine::Model& model, const Recorder& taps);

/// Each row divided by its sum: what share of the lengths a query token has from each key, which
/// can be compared with attention weights. `lengths` [..., query, key]; a row of zeros stays so.
base::Array row_shares(const base::Array& lengths);

}  // namespace qkv::inspect
