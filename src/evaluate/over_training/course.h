#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "checkpoint/snapshot_folder.h"
#include "evaluate/report.h"
#include "inspect/heads/head_scores.h"

namespace qkv::evaluate {

/// A run with snapshots.
struct SnapshotRun {
  std::filesystem::path path;
  checkpoint::SnapshotFolder snapshots;
  std::vector<std::int64_t> steps;  ///< in ascending order, at least one
};

/// Throws Error unless the path is that of a run that has snapshots; a checkpoint is none.
SnapshotRun open_snapshots(const std::filesystem::path& run);

/// Throws Error unless all runs have snapshots of the same steps.
void require_same_steps(const std::vector<SnapshotRun>& runs);

/// The course of a run's training: one value for each of its snapshots.
struct Course {
  struct Family {
    std::string name;
    double guessing = 0;  ///< the accuracy of guessing
    std::vector<double> accuracy;
  };
  std::string run;  ///< the name of its folder
  std::vector<std::int64_t> steps;
  std::vector<double> loss;  ///< nats per token
  std::vector<Family> families;
  /// What the heads attend to at the beginning of the text. Empty for a model without softmax
  /// attention.
  std::vector<inspect::HeadScores> heads;
};

/// Measures the snapshots of each run one after the other: the loss on questions.data, or on its
/// validation text, the accuracy of questions.probes, and the scores of heads. `checkpoints` holds
/// any checkpoint of each run. Throws Error as score_text, AskedProbes and open_snapshot do, or if
/// the models cannot be asked the same probes.
std::vector<Course> courses_of(const std::vector<SnapshotRun>& runs,
                               const std::vector<checkpoint::Checkpoint>& checkpoints,
                               const Questions& questions, int threads);

/// The first step at which a quantity has gone half of the way from its first value to its last.
std::int64_t half_way(const std::vector<std::int64_t>& steps, const std::vector<double>& values);

/// A score of heads, as reports name it.
struct HeadMeasure {
  const char* key;    ///< in JSON
  const char* title;  ///< in tables and pictures
  base::ArrayOf<double> inspect::HeadScores::*score;
};
inline constexpr HeadMeasure kHeadMeasures[] = {
    {.key = "previous_token",
     .title = "attention to the previous token",
     .score = &inspect::HeadScores::previous},
    {.key = "duplicate_token",
     .title = "attention to the same token before",
     .score = &inspect::HeadScores::duplicate},
    {.key = "induction",
     .title = "attention to what followed the same token",
     .score = &inspect::HeadScores::induction},
    {.key = "first_token",
     .title = "attention to the first token",
     .score = &inspect::HeadScores::first_token},
    {.key = "entropy", .title = "entropy of attention", .score = &inspect::HeadScores::entropy},
};

/// A score of one head over the snapshots. Heads are numbered layer by layer.
std::vector<double> head_course(const Course& course, const HeadMeasure& measure, std::size_t head);

/// The score of that head, at each snapshot, in which it is highest.
std::vector<double> highest_head(const Course& course, const HeadMeasure& measure);

}  // namespace qkv::evaluate
