#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "model/libtorch.h"
#include "model/model.h"
#include "text/tokenizer.h"

namespace qkv::evaluate {

/// Two sentences that differ in one point, of which a model should find the good one likelier.
struct MinimalPair {
  std::string good;
  std::string bad;
  std::string group;  ///< UID, else field, else empty
  std::string where;  ///< file and line, for messages
};

/// Reads BLiMP's form (Warstadt et al. 2020): a JSON object a line with sentence_good and
/// sentence_bad. Throws Error with file and line; no group may be named "all", as the total is.
std::vector<MinimalPair> read_pairs(const std::filesystem::path& path);

/// log p of both sentences of a pair, in nats.
struct PairScore {
  double good = 0;
  double bad = 0;

  /// 1 where the good sentence is the likelier one, ½ where both are equally likely.
  double correct() const { return good > bad ? 1.0 : good == bad ? 0.5 : 0.0; }
};

/// How often the good sentence was the likelier one (a tie counts half), in one group of pairs.
struct PairAccuracy {
  std::string group;
  std::uint64_t pairs = 0;  ///< that were scored
  double correct = 0;
  std::uint64_t skipped = 0;  ///< that do not fit the context

  /// NaN where no pair was scored.
  double accuracy() const { return correct / static_cast<double>(pairs); }
};

/// The score of each pair; nothing where one of its sentences is longer than the context. Throws
/// Error where that is so of all pairs. Shows progress.
std::vector<std::optional<PairScore>> score_pairs(const model::Model& model,
                                                  const text::Tokenizer& tokenizer,
                                                  const std::string& layout,
                                                  const std::vector<MinimalPair>& pairs,
                                                  const model::Runtime& runtime);

/// The accuracy of each group, in the order of the file, and of all pairs together, last and named
/// "all".
std::vector<PairAccuracy> pair_accuracies(const std::vector<MinimalPair>& pairs,
                                          const std::vector<std::optional<PairScore>>& scores);

}  // namespace qkv::evaluate
