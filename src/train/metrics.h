#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/json.h"
#include "train/tensorboard.h"

namespace qkv {

/// What a run reports while it goes: RUN/metrics.jsonl, a JSON object a line, and the same numbers
/// for TensorBoard in RUN/tensorboard.
class Metrics {
 public:
  /// Goes on after `step`: records of later steps, and a line that was cut off, are removed. Throws
  /// Error (Fault::kRun).
  Metrics(const std::filesystem::path& run, std::int64_t step);

  /// `record` holds "step"; its other numbers become scalars too. Throws Error (Fault::kRun) where
  /// it cannot be written, on a full disk for example: a run loses no record silently.
  void add(const Json& record);

 private:
  std::filesystem::path path_;
  std::ofstream lines_;
  TensorBoard tensorboard_;
};

}  // namespace qkv
