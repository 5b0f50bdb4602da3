#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "evaluate/over_training/course.h"
#include "evaluate/report.h"

namespace qkv::evaluate {

/// What the command line of qkv-eval requests.
struct Request {
  std::string checkpoint;
  std::optional<std::string> second;
  std::vector<std::string> more;  ///< further runs, with over_training
  bool over_training = false;     ///< measures the snapshots of runs
  Questions questions;
  std::optional<std::string> pairs;
  std::optional<std::string> probes;
  std::optional<std::string> geometry;
  std::vector<std::string> details;
  std::optional<std::string> json;
  std::optional<std::string> plot;
};

/// The files of the results; nothing for one that is not written.
struct Outputs {
  std::optional<std::filesystem::path> json;
  std::optional<std::filesystem::path> plot;
};

/// The runs whose snapshots are measured. Throws Error as open_snapshots and require_same_steps do.
std::vector<SnapshotRun> snapshot_runs(const Request& request);

/// Throws Error if an option would change nothing, or if the picture has no known format.
void require_sense(const Request& request);

/// Throws Error if one of the files cannot be made, or would replace the other or an input.
Outputs outputs_of(const Request& request);

/// Throws Error if a result would replace a text with which the checkpoint was trained.
void require_texts_stay(const Outputs& outputs, const checkpoint::Checkpoint& checkpoint);

/// Standard input can be read only once, but two checkpoints read the data: a file replaces it.
/// Throws Error if two options need standard input.
void keep_data(Request& request);

}  // namespace qkv::evaluate
