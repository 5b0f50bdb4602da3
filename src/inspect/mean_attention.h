#pragma once

#include "inspect/inspection.h"

namespace qkv::inspect {

/// The mean of the attention maps of all heads of all layers. REQUIRES a model with attention.
AttentionMap mean_attention(const Inspection& inspection, const spec::ModelConfig& model);

}  // namespace qkv::inspect
