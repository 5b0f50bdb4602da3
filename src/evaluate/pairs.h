#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/declarations.h"
#include "text/tokenizer/tokenizer.h"

namespace qkv::evaluate {

/// Two sentences that differ in one point. The model should find the good one more probable.
struct MinimalPair {
  std::string good;
  std::string bad;
  std::string group;  ///< UID, else field, else empty
  std::string where;  ///< file and line, for messages
};

/// Reads BLiMP's format (Warstadt et al. 2020): one JSON object per line with sentence_good and
/// sentence_bad. Throws Error with file and line; no group may be named "all", which is the total.
std::vector<MinimalPair> read_pairs(const std::filesystem::path& path);

/// log p of both sentences of a pair, in nats.
struct PairScore {
  double good = 0;
  double bad = 0;

  /// 1 if the good sentence is more probable, ½ if both are equally probable.
  double correct() const { return good > bad ? 1.0 : good == bad ? 0.5 : 0.0; }
};

/// How often the good sentence was more probable (a tie counts half) in one group of pairs.
struct PairAccuracy {
  std::string group;
  std::uint64_t pairs = 0;  ///< that were scored
  double correct = 0;
  std::uint64_t skipped = 0;  ///< that exceed the context

  /// NaN if no pair was scored.
  double accuracy() const { return correct / static_cast<double>(pairs); }
};

/// The score of each pair; nothing if one of its sentences is longer than the context. Throws Error
/// if this is so for all pairs. Shows progress.
std::vector<std::optional<PairScore>> score_pairs(const engine::Model& model,
                                                  const text::Tokenizer& tokenizer,
                                                  spec::TextLayout layout,
                                                  const std::vector<MinimalPair>& pairs,
                                                  int threads);

/// The accuracy of each group, in the order of the file; the last one, named "all", is that of all
/// pairs together.
std::vector<PairAccuracy> pair_accuracies(const std::vector<MinimalPair>& pairs,
                                          const std::vector<std::optional<PairScore>>& scores);

}  // namespace qkv::evaluate
