#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "config/config.h"

namespace qkv::checkpoint {

/// The config.json keys with which Hugging Face's transformers loads the model as its Llama; empty
/// if Llama cannot express it (it can if it is: causal, rotary, rms, swiglu, learned, softmax,
/// scaled).
base::Json llama_keys(const spec::ModelConfig& model, std::int64_t vocabulary);

/// The names of all keys that llama_keys may write: qkv's own reader ignores them.
const std::vector<std::string>& llama_key_names();

}  // namespace qkv::checkpoint
