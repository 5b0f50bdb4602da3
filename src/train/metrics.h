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
  /// Goes on after `step`: records of later steps, and a line that was cut off, are removed. A full
  /// disk later does not stop a run here: the next save will say so.
  Metrics(const std::filesystem::path& run, std::int64_t step);

  /// `record` holds "step"; its other numbers become scalars too.
  void add(const Json& record);

 private:
  std::ofstream lines_;
  TensorBoard tensorboard_;
};

}  // namespace qkv
