#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "evaluate/geometry.h"
#include "evaluate/loss.h"
#include "evaluate/pairs.h"
#include "evaluate/probe_findings.h"
#include "evaluate/probe_report.h"
#include "evaluate/probes.h"

namespace qkv::evaluate {

/// What to measure of a checkpoint.
struct Questions {
  std::vector<std::filesystem::path> data;  ///< empty: the run's own validation data
  bool own_data = false;  ///< whether each run may be judged by another text than the others
  std::vector<MinimalPair> pairs;                ///< empty: none
  std::vector<world::Probe> probes;              ///< empty: none
  bool accuracy_only = false;                    ///< of probes: whether attention is left alone
  std::optional<world::Geometry> geometry = {};  ///< what the vectors of words are asked
};

/// The text that a run is judged by.
struct JudgedText {
  std::string name;    ///< its files
  std::string sha256;  ///< of the text
};

/// The answers for one checkpoint.
struct Answers {
  std::string checkpoint;
  std::int64_t step = 0;
  bool causal = true;
  std::optional<Score> score;  ///< nothing where pairs, probes or geometry were asked without data
  std::optional<JudgedText> text = {};  ///< of `score`, where it is the run's own
  std::vector<PairAccuracy> pairs;
  std::vector<std::string> pair_groups = {};               ///< in the order of the file
  std::vector<std::optional<PairScore>> pair_scores = {};  ///< of each; nothing: skipped
  std::vector<FamilyScore> probes;                         ///< empty: not asked
  std::size_t not_asked = 0;         ///< probes whose truth a causal model does not read
  std::optional<Findings> findings;  ///< of the probes; nothing where not asked, or no attention
  std::optional<GeometryScore> geometry = {};  ///< nothing where not asked
};

/// "CHECKPOINT · step N": what names them in a picture.
std::string source_line(const Answers& answers);

/// Measures checkpoints. Throws Error where there is no data to measure one on, or where they would
/// be judged by texts that differ and questions.own_data does not allow it.
std::vector<Answers> measure(const std::vector<checkpoint::Checkpoint>& checkpoints,
                             const Questions& questions, const model::Runtime& runtime);

/// The answers side by side, one column a checkpoint, and the reports of probes and geometry.
std::string report_table(const std::vector<Answers>& answers,
                         const std::vector<ProbeDetail>& details = {});

/// The answers as the text of a JSON file: the first checkpoint's numbers at the top level, a
/// second one's under "second".
std::string report_json(const std::vector<Answers>& answers);

}  // namespace qkv::evaluate
