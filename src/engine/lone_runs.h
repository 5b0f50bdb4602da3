#pragma once

#include <cstdint>
#include <functional>

#include "base/team.h"

namespace qkv::engine {

/// Which runs of a team its first member computes alone, depending on how long it waited for the
/// others: if another program occupies a processor, a team may be slower than a single thread.
/// After two runs in a row with at least two fifths of waiting (one may be an accident, or they had
/// to wake up), it computes 4 alone, then all try again. Each time this fails again, it computes
/// twice as many alone, up to 1024; a run without much waiting halves the number.
class LoneRuns {
 public:
  using Duration = base::Team::Clock::duration;

  /// Runs the work by all members, or by the first alone: its result must not depend on their
  /// number.
  void run(base::Team& team, const std::function<void(int)>& work);

  /// Whether the next run is computed alone; call it once per run.
  bool next() { return left_ > 0 && left_-- > 0; }
  /// Reports a run of all members: its duration, and how long the first member waited.
  void judge(Duration run, Duration waited);

 private:
  int slow_runs_ = 0;            ///< in a row
  std::int64_t left_ = 0;        ///< this many runs are still to be computed alone
  std::int64_t next_count_ = 0;  ///< and at least this many if too much time is lost again
};

}  // namespace qkv::engine
