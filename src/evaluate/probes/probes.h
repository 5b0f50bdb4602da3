#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "evaluate/scored_texts.h"
#include "world/probe.h"

namespace qkv::evaluate {

/// How many of some probes are answered correctly.
struct ProbeCount {
  std::uint64_t probes = 0;
  std::uint64_t correct = 0;       ///< the answer is the most probable of the candidates
  std::uint64_t unrestricted = 0;  ///< it is the most probable of all words
  double chance = 0;               ///< the sum of 1 / candidates

  double accuracy() const { return static_cast<double>(correct) / static_cast<double>(probes); }
  double accuracy_unrestricted() const {
    return static_cast<double>(unrestricted) / static_cast<double>(probes);
  }
  double guessing() const { return chance / static_cast<double>(probes); }
};

/// The probes whose distance, in words, is in this range.
struct DistanceBand {
  std::size_t least = 0;
  std::size_t most = 0;
  ProbeCount count;

  bool holds(std::size_t distance) const { return least <= distance && distance <= most; }
};

/// "6 to 10", or "over 100" if it has no end.
std::string band_name(const DistanceBand& band);

struct FamilyScore {
  std::string family;
  ProbeCount count;
  std::vector<DistanceBand> bands;  ///< those that hold a probe, the nearest first
};

/// The outcome of one probe.
struct ProbeOutcome {
  double margin =
      0;  ///< log p of the answer minus that of the best other candidate; 1 if there is none
  bool unrestricted = false;  ///< the answer is the most probable of all words

  bool correct() const { return margin > 0; }  ///< a tie counts as wrong
};

/// Probes that are ready to be asked, repeatedly if needed. A candidate's score is the sum of log p
/// of its tokens in `predict`.
class AskedProbes {
 public:
  /// Throws Error if a text does not fit the context.
  AskedProbes(std::vector<const world::Probe*> probes, const text::Tokenizer& tokenizer,
              spec::TextLayout layout, const spec::ModelConfig& model);

  const std::vector<const world::Probe*>& probes() const { return probes_; }
  std::size_t tokens() const { return texts_.tokens(); }  ///< tokens that the model reads each time
  std::vector<predict::ScoredRow> rows() const { return texts_.rows(); }  ///< that it reads
  std::vector<ProbeOutcome> outcomes(const engine::Model& model, int threads,
                                     const predict::TokenCounter& counter = {}) const;
  /// The same with each of these changes, [reading][probe], as ScoredTexts::scores_with.
  std::vector<std::vector<ProbeOutcome>> outcomes_with(const std::vector<predict::Change>& changes,
                                                       const engine::Model& model, int threads,
                                                       const predict::TokenCounter& counter = {},
                                                       const predict::MakeTaps& first = {}) const;

 private:
  /// `scores` are those of all candidates.
  std::vector<ProbeOutcome> by_probe(std::span<const LogProbability> scores) const;

  std::vector<const world::Probe*> probes_;
  ScoredTexts texts_;
};

/// The probes that a model is asked. A causal model reads only the text before the answer, and is
/// not asked if the evidence comes after it. Throws Error if there are probes, but none to ask.
std::vector<const world::Probe*> askable_probes(const std::vector<world::Probe>& probes,
                                                bool causal);

/// The share of right answers by family, in the order of the file, and by distance.
std::vector<FamilyScore> score_probes(const engine::Model& model, const AskedProbes& probes,
                                      int threads, const predict::TokenCounter& counter = {});

/// The same from the outcomes of the probes.
std::vector<FamilyScore> count_outcomes(const AskedProbes& probes,
                                        const std::vector<ProbeOutcome>& outcomes);

}  // namespace qkv::evaluate
