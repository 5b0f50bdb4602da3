#pragma once

#include <chrono>
#include <cstdint>

namespace qkv::inference {

/// Which runs of a team its first member makes alone, told from how long it waited for the others:
/// after two runs in a row with at least two fifths spent waiting (once is an accident, or they had
/// to wake up) it makes 4 alone, then all try again. Each time that goes wrong again twice as many
/// are made alone, up to 1024; a run that goes well halves them.
class LoneRuns {
 public:
  using Duration = std::chrono::steady_clock::duration;

  /// Whether the next run is made alone; to be called once a run.
  bool next() { return left_ > 0 && left_-- > 0; }
  /// A run of all members took so long, of which the first one waited so long.
  void judge(Duration run, Duration waited);

 private:
  int slow_runs_ = 0;            ///< in a row
  std::int64_t left_ = 0;        ///< so many runs are yet to be made alone
  std::int64_t next_count_ = 0;  ///< and so many, at least, where too much time is lost again
};

}  // namespace qkv::inference
