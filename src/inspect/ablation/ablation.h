#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "checkpoint/checkpoint.h"
#include "inspect/ablation/part.h"

namespace qkv::inspect {

/// What replaces the output of an ablated part: its mean over reference texts, zero, or its output
/// at the same position of one of these texts (resampling ablation).
enum class AblationMode { kMean, kZero, kResample };

/// What a command line requests.
struct AblationRequest {
  std::optional<std::string> parts;  ///< "L1.H3,L0.mlp"
  std::optional<std::string> mode;   ///< "mean" unless given
};

/// The mode. Throws Error if it has no known name, or is given without parts.
AblationMode ablation_mode(const AblationRequest& request);

/// The passes that replace the outputs of the parts of a Transformer. `texts` are the reference;
/// zero needs none. `seed` draws one of them for each text that is resampled: the draw depends on
/// nothing but the seed and the tokens with which the text begins. A text longer than the one that
/// was drawn takes its values from the beginning again. Throws Error if there is no reference
/// token.
engine::Intervention ablation(const engine::Model& model, const std::vector<Part>& parts,
                              AblationMode mode,
                              const std::vector<std::vector<std::int32_t>>& texts,
                              std::uint64_t seed, int threads);

/// Replaces the checkpoint's model by one without the parts, if any are requested. The reference
/// texts are the beginning of the run's validation text: whole rows (layout `stream`) or documents
/// (`lines`) of at most the context, until they have 8,192 tokens. The seed is that of the run.
/// Throws Error as parse_parts and ablation_mode do, or if there is no such text.
void ablate(const AblationRequest& request, checkpoint::Checkpoint& checkpoint, int threads);

/// Whether an intervention of the model replaces the output of this part.
bool is_ablated(const engine::Model& model, const Part& part);

/// "without L1.H3, L0.mlp (mean)"; at most three parts are named.
std::string ablation_text(const engine::Intervention& intervention);
/// {"parts", "mode"}
base::Json ablation_json(const engine::Intervention& intervention);

}  // namespace qkv::inspect
