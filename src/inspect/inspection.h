#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "inspect/passage.h"
#include "inspect/recorder.h"

namespace qkv::inspect {

/// A passage and every value of the forward pass over it.
struct Inspection {
  Passage passage;
  Recorder taps;
};

/// Runs the pass, without dropout and in float32.
Inspection inspect(const checkpoint::Checkpoint& checkpoint, Passage passage);

/// The number of values in the maps of all heads of a layer. As a double: nothing overflows.
double layer_map_numbers(const spec::ModelConfig& model, double tokens);

/// The bytes of an inspection of so many tokens. As a double: nothing overflows.
double inspection_bytes(const checkpoint::Checkpoint& checkpoint, std::int64_t tokens);

/// Throws Error, naming the checkpoint, if a value that it computed is not finite. `what` names the
/// value.
void require_finite(double value, const char* what, const checkpoint::Checkpoint& checkpoint);

/// The same for all logits of an inspection.
void require_finite_logits(const Inspection& inspection, const checkpoint::Checkpoint& checkpoint);

/// "PATH · step N", and the ablated parts, if any: the source line of every artefact.
std::string source_line(const checkpoint::Checkpoint& checkpoint);
/// The same of a checkpoint's path and step; `made` is the intervention of its model, or null.
std::string source_line(const std::filesystem::path& path, std::int64_t step,
                        const engine::Intervention* made);

/// weights[query][key] of one head; rows sum to 1.
using AttentionMap = std::vector<std::vector<float>>;

AttentionMap map_of(base::View matrix);

/// Throws Error if the model has no attention, the layer or head does not exist, or a weight is not
/// a number.
AttentionMap attention_map(const Inspection& inspection, std::int64_t layer, std::int64_t head);

/// Throws Error if a model has no attention to show.
void require_attention(const checkpoint::Checkpoint& checkpoint);

/// Throws Error if the model is recurrent. `lack` says what it lacks for the option: "parts to
/// patch".
void require_transformer(const checkpoint::Checkpoint& checkpoint, const char* option,
                         const char* lack);

/// Throws Error "--NAME: found INDEX, expected 0 to COUNT-1" unless it is in range.
void require_index(const char* name, std::int64_t index, std::int64_t count);

}  // namespace qkv::inspect
