#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "engine/taps.h"
#include "evaluate/geometry/geometry.h"
#include "evaluate/heads/head_study.h"
#include "evaluate/pairs.h"
#include "evaluate/probes/probe_findings.h"
#include "evaluate/probes/probe_report.h"
#include "evaluate/probes/probes.h"
#include "predict/loss.h"

namespace qkv::evaluate {

/// The measurements of a checkpoint.
struct Questions {
  std::vector<std::filesystem::path> data;  ///< empty: the run's own validation data
  bool own_data = false;                    ///< whether each run may be measured on its own text
  std::vector<MinimalPair> pairs;           ///< empty: none
  std::vector<world::Probe> probes;         ///< empty: none
  bool accuracy_only = false;               ///< for probes: only their accuracy, without attention
  std::optional<world::Geometry> geometry = {};  ///< the questions about the geometry of words
  bool heads = false;                            ///< whether to say what each head attends to
};

/// The validation text of a run.
struct JudgedText {
  std::string name;    ///< its files
  std::string sha256;  ///< of the text
};

/// The answers for one checkpoint.
struct Answers {
  std::string checkpoint;
  std::int64_t step = 0;
  bool causal = true;
  std::optional<engine::Intervention> intervention = {};  ///< of an ablated model
  std::optional<predict::Score>
      score;  ///< nothing if pairs, probes or geometry were requested without data or heads
  std::optional<JudgedText> text = {};  ///< of `score`, if it is the run's own
  std::vector<PairAccuracy> pairs;
  std::vector<std::string> pair_groups = {};               ///< in the order of the file
  std::vector<std::optional<PairScore>> pair_scores = {};  ///< of each; nothing: skipped
  std::vector<FamilyScore> probes;                         ///< empty: not requested
  std::size_t not_asked = 0;  ///< probes whose evidence a causal model does not read
  std::optional<Findings>
      findings;  ///< of the probes; nothing if not requested, or without attention
  std::optional<GeometryScore> geometry = {};  ///< nothing if not requested
  std::optional<HeadStudy> heads = {};         ///< nothing if not requested
};

/// "CHECKPOINT · step N": the source line of a picture.
std::string source_line(const Answers& answers);

/// Measures checkpoints. Throws Error if there is no data to measure one on, or if their texts
/// differ and questions.own_data does not allow this.
std::vector<Answers> measure(const std::vector<checkpoint::Checkpoint>& checkpoints,
                             const Questions& questions, int threads);

/// The answers side by side, one column per checkpoint, and the reports of probes and geometry.
std::string report_table(const std::vector<Answers>& answers,
                         const std::vector<ProbeDetail>& details = {});

/// The answers as the text of a JSON file: the first checkpoint's numbers at the top level, a
/// second one's under "second".
std::string report_json(const std::vector<Answers>& answers);

}  // namespace qkv::evaluate
