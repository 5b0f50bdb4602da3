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

/// The validation losses in RUN/metrics.jsonl, in its order; none if the file is missing.
std::vector<checkpoint::MeasuredLoss> validation_losses(const std::filesystem::path& run);

/// Throws Error if RUN/metrics.jsonl holds a record of a step outside 0 to `most`. A line that is
/// not a record (the last may be cut off) is ignored.
void require_metrics_within(const std::filesystem::path& run, std::int64_t most);

/// The reports of a run: RUN/metrics.jsonl, one JSON object per line, and the same numbers for
/// TensorBoard in RUN/tensorboard.
class Metrics {
 public:
  /// Continues after `step`: records of later steps, and an incomplete line, are removed. Throws
  /// Error (Fault::kRun).
  Metrics(const std::filesystem::path& run, std::int64_t step);

  /// `record` holds "step"; its other numbers also become scalars. Throws Error (Fault::kRun) if it
  /// cannot be written, on a full disk for example: a run loses no record silently.
  void add(const base::Json& record);

 private:
  std::filesystem::path path_;
  std::ofstream lines_;
  TensorBoard tensorboard_;
};

}  // namespace qkv::train
