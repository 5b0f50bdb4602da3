#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "inspect/analysis.h"
#include "world/geometry_file.h"

namespace qkv::inspect {

/// --motion WORD: how the vector of a word moves at each depth as the words of the text around it
/// are added one at a time (growing_contexts), between the means of two of its senses, which
/// labelled sentences give (measure_motion). It is the last WORD of the text. Of more than two
/// senses, the two are taken that are nearest to its vector in the whole text after the last layer;
/// a sentence that is the text itself is left out. Printed, drawn (motion) and in motion.json
/// (docs/taps.md).
class MotionAnalysis : public Analysis {
 public:
  MotionAnalysis(std::string word, world::Geometry labelled)
      : word_(std::move(word)), labelled_(std::move(labelled)) {}

  std::string name() const override { return "motion"; }
  std::vector<std::filesystem::path> inputs() const override { return {labelled_.where}; }
  void require_possible(const checkpoint::Checkpoint& checkpoint, const Passage& passage,
                        bool draws) const override;
  double bytes(const checkpoint::Checkpoint& checkpoint, std::int64_t tokens,
               int threads) const override;
  Finding find(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
               int threads) const override;

 private:
  /// Those of the word that are not `text`.
  std::vector<world::SenseSentence> sentences(const std::string& text) const;

  std::string word_;
  world::Geometry labelled_;
};

}  // namespace qkv::inspect
