#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "evaluate/log_probability.h"
#include "world/probe.h"

namespace qkv::evaluate {

/// How many of some probes are answered rightly.
struct ProbeCount {
  std::uint64_t probes = 0;
  std::uint64_t correct = 0;       ///< the answer is the likeliest of the candidates
  std::uint64_t unrestricted = 0;  ///< it is the likeliest of all that the model could say
  double chance = 0;               ///< the sum of 1 / candidates

  double accuracy() const { return static_cast<double>(correct) / static_cast<double>(probes); }
  double accuracy_unrestricted() const {
    return static_cast<double>(unrestricted) / static_cast<double>(probes);
  }
  double guessing() const { return chance / static_cast<double>(probes); }
};

/// The probes whose truth stands so many words away.
struct DistanceBand {
  std::size_t least = 0;
  std::size_t most = 0;
  ProbeCount count;

  bool holds(std::size_t distance) const { return least <= distance && distance <= most; }
};

/// "6 to 10", or "over 100" where it has no end.
std::string band_name(const DistanceBand& band);

struct FamilyScore {
  std::string family;
  ProbeCount count;
  std::vector<DistanceBand> bands;  ///< those that hold a probe, the nearest first
};

/// How one probe is answered.
struct ProbeOutcome {
  double margin = 0;  ///< log p of the answer less that of the best other candidate; 1 without one
  bool unrestricted = false;  ///< the answer is the likeliest of all that the model could say

  bool correct() const { return margin > 0; }  ///< a tie is no answer
};

/// Probes made ready to be asked, more than once if need be. A candidate's score is the summed
/// log p of its tokens at `predict`.
class AskedProbes {
 public:
  /// Throws Error where a text does not fit the context.
  AskedProbes(std::vector<const world::Probe*> probes, const text::Tokenizer& tokenizer,
              const std::string& layout, const config::ModelConfig& model);

  const std::vector<const world::Probe*>& probes() const { return probes_; }
  std::size_t tokens() const { return texts_.tokens(); }  ///< that the model reads each time
  std::vector<ProbeOutcome> outcomes(const model::Model& model, const model::Runtime& runtime,
                                     const inspect::TokenCounter& counter = {},
                                     inspect::RowTaps* taps = nullptr) const;

 private:
  std::vector<const world::Probe*> probes_;
  ScoredTexts texts_;
};

/// The probes that a model is asked: a causal model reads what stands before the answer, and is not
/// asked where the truth comes only after. Throws Error where there are probes, but none to ask.
std::vector<const world::Probe*> askable_probes(const std::vector<world::Probe>& probes,
                                                bool causal);

/// The share of right answers by family, in the order of the file, and by distance.
std::vector<FamilyScore> score_probes(const model::Model& model, const AskedProbes& probes,
                                      const model::Runtime& runtime,
                                      const inspect::TokenCounter& counter = {});

}  // namespace qkv::evaluate
