#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace qkv::base {

/// A member's part of 0 … count − 1; the parts of all members are the whole.
struct Share {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// Threads that work together: each computes its part of a run. Within a run, they can meet at
/// barriers. A step between two barriers lasts microseconds, so they wait actively for a while
/// before they sleep.
class Team {
 public:
  using Clock = std::chrono::steady_clock;

  /// This many members, with the thread that calls run(). Fewer if the system has no thread left.
  explicit Team(int members);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int members() const { return members_; }

  /// Calls work(member) for each of 0 … members() − 1 at once, each on its own thread (always the
  /// same one, 0 on the caller's), and returns when all have returned. If calls throw, the
  /// exception of the lowest member is thrown then; work that meets must not throw. One caller at a
  /// time.
  void run(const std::function<void(int)>& work);
  /// Calls work(0), which then is the only member.
  void run_alone(const std::function<void(int)>& work);

  /// How long the first member waited for the others in the last run, except for moments.
  Clock::duration waited() const;

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

  int members_ = 1;
  int size_ = 1;
  std::unique_ptr<Others> others_;
};

}  // namespace qkv::base
