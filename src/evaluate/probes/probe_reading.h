#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "evaluate/reading.h"
#include "world/probe.h"

namespace qkv::evaluate {

/// Whether the model reads the evidence: a causal model is not asked about evidence that comes
/// later.
bool can_be_known(const world::Probe& probe, bool causal);

/// The probe's text with a candidate in place of the answer, which is the part that counts.
ScoredText with_candidate(const world::Probe& probe, const std::string& candidate);

/// A probe as a model reads it to predict the answer, with its spans as tokens.
struct ProbeReading {
  const world::Probe* probe = nullptr;
  Reading reading;
  std::vector<std::int64_t> query;  ///< of the query; in a masked model also the answer's masks
  /// The evidence (all members of the truth together), then each distractor that the model reads.
  std::vector<std::vector<std::int64_t>> spans;

  /// Whether there is a query, the evidence and a distractor to compare it with.
  bool is_measurable() const;
};

/// Throws Error as readings_of does.
ProbeReading read_probe(const world::Probe& probe, const text::Tokenizer& tokenizer,
                        spec::TextLayout layout, const spec::ModelConfig& model);

}  // namespace qkv::evaluate
