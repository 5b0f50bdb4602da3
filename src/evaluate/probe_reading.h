#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "evaluate/reading.h"
#include "world/probe.h"

namespace qkv::evaluate {

/// Whether the truth stands where the model looks: a causal model is not asked of what comes later.
bool can_be_known(const world::Probe& probe, bool causal);

/// The probe's text with a candidate in the answer's place, which is what counts.
ScoredText with_candidate(const world::Probe& probe, const std::string& candidate);

/// A probe as a model reads it to predict the answer, its spans as tokens.
struct ProbeReading {
  const world::Probe* probe = nullptr;
  Reading reading;
  std::vector<std::int64_t> query;  ///< of the query; in a masked model the answer's masks as well
  /// What the answer depends on (all members of the truth together), then each distractor that the
  /// model reads.
  std::vector<std::vector<std::int64_t>> spans;

  /// Whether there is a query, a truth and a distractor to be told from it.
  bool is_measurable() const;
};

/// Throws Error as readings_of.
ProbeReading read_probe(const world::Probe& probe, const text::Tokenizer& tokenizer,
                        const std::string& layout, const config::ModelConfig& model);

}  // namespace qkv::evaluate
