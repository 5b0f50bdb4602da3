#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "model/libtorch.h"
#include "model/model.h"
#include "text/tokenizer.h"

namespace qkv {

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

/// How often the good sentence was the likelier one (a tie counts half), in one group of pairs.
struct PairAccuracy {
  std::string group;
  std::uint64_t pairs = 0;
  double correct = 0;

  double accuracy() const { return correct / static_cast<double>(pairs); }
};

/// The accuracy of each group, in the order of the file, and of all pairs together, last and named
/// "all". Throws Error where a sentence does not fit the context.
std::vector<PairAccuracy> evaluate_pairs(const Model& model, const Tokenizer& tokenizer,
                                         const std::string& layout,
                                         const std::vector<MinimalPair>& pairs,
                                         const Runtime& runtime);

}  // namespace qkv
