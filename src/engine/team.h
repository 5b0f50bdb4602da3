#pragma once

#include <cstdint>
#include <functional>
#include <memory>

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
  /// The other members. WebAssembly has none: team_wasm.cc takes the place of team.cc there.
  class Others;

  int size_ = 1;
  std::unique_ptr<Others> others_;
};

}  // namespace qkv::engine
