#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "engine/lone_runs.h"

namespace qkv::engine {

/// A member's part of 0 … count − 1; the parts of all members are the whole.
struct Share {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// Threads that work together in many short steps: each computes its share, then all meet at a
/// barrier. A step lasts microseconds, so they wait actively. If another program occupies a
/// processor, this may be slower than a single thread: a team that waits for nearly half of its
/// time lets its first member work alone for a while (LoneRuns).
class Team {
 public:
  /// At most this many members, at least the thread that calls run().
  explicit Team(int members);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  /// Calls work(member) for each of 0 … size() − 1 at once, and returns when all have returned. The
  /// work must not throw, and its result must not depend on size(). One caller at a time.
  void run(const std::function<void(int)>& work);
  /// Calls work(0) alone.
  void run_alone(const std::function<void(int)>& work);

  // For the work:

  /// The number of members in this run.
  int size() const { return size_; }
  Share share(std::int64_t count, int member) const {
    return {count * member / size_, count * (member + 1) / size_};
  }
  /// A barrier: returns after every member has called it. Their earlier writes are visible then.
  void meet(int member);

 private:
  using Clock = std::chrono::steady_clock;

  void serve(int member);
  /// Returns after `value` has changed from `old`, with the time that this took, except for a
  /// moment.
  Clock::duration wait_for_change(const std::atomic<std::uint32_t>& value, std::uint32_t old);

  std::vector<std::thread> threads_;
  const std::function<void(int)>* work_ = nullptr;  ///< null: the team is dissolved
  int size_ = 1;
  std::atomic<std::uint32_t> started_ = 0;   ///< runs of more than one member
  std::atomic<std::uint32_t> meetings_ = 0;  ///< that everyone has reached
  std::atomic<int> present_ = 0;             ///< members that have reached the next
  std::atomic<bool> sleepy_ = false;  ///< a thread waits asleep: others may need the processor
  Clock::duration waited_{};          ///< the first member, in this run
  LoneRuns lone_runs_;
};

}  // namespace qkv::engine
