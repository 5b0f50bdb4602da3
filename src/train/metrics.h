#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/json.h"
#include "checkpoint/checkpoint.h"
#include "train/tensorboard.h"

namespace qkv::train {

constexpr const char* kMetricsFile = "metrics.jsonl";  ///< in a run's folder

/// The validation losses in RUN/metrics.jsonl, in its order; none where the file is missing.
std::vector<checkpoint::MeasuredLoss> validation_losses(const std::filesystem::path& run);

/// Throws Error where RUN/metrics.jsonl holds a record of a step that is none from 0 to `most`. A
/// line that is no record (the last may be cut off) says nothing.
void require_metrics_within(const std::filesystem::path& run, std::int64_t most);

/// What a run reports while it goes: RUN/metrics.jsonl, a JSON object a line, and the same numbers
/// for TensorBoard in RUN/tensorboard.
class Metrics {
 public:
  /// Goes on after `step`: records of later steps, and a line that was cut off, are removed. Throws
  /// Error (Fault::kRun).
  Metrics(const std::filesystem::path& run, std::int64_t step);

  /// `record` holds "step"; its other numbers become scalars too. Throws Error (Fault::kRun) where
  /// it cannot be written, on a full disk for example: a run loses no record silently.
  void add(const base::Json& record);

 private:
  std::filesystem::path path_;
  std::ofstream lines_;
  TensorBoard tensorboard_;
};

}  // namespace qkv::train
