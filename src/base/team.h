#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <thread>
#include <vector>

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

  int members() const { return static_cast<int>(failures_.size()); }

  /// Calls work(member) for each of 0 … members() − 1 at once, each on its own thread (always the
  /// same one, 0 on the caller's), and returns when all have returned. If calls throw, the
  /// exception of the lowest member is thrown then; work that meets must not throw. One caller at a
  /// time.
  void run(const std::function<void(int)>& work);
  /// Calls work(0), which then is the only member.
  void run_alone(const std::function<void(int)>& work);

  /// How long the first member waited for the others in the last run, except for moments.
  Clock::duration waited() const { return waited_; }

  // For the work:

  /// The number of members in this run.
  int size() const { return size_; }
  Share share(std::int64_t count, int member) const {
    return {count * member / size_, count * (member + 1) / size_};
  }
  /// A barrier: returns after every member has called it. Their earlier writes are visible then.
  void meet(int member);

 private:
  void serve(int member);
  void attempt(int member);
  /// Returns after `value` has changed from `old`, with the time that this took, except for a
  /// moment.
  Clock::duration wait_for_change(const std::atomic<std::uint32_t>& value, std::uint32_t old);

  std::vector<std::thread> threads_;
  std::vector<std::exception_ptr> failures_;        ///< by member
  const std::function<void(int)>* work_ = nullptr;  ///< null: the team is dissolved
  int size_ = 1;
  std::atomic<std::uint32_t> started_ = 0;   ///< runs of more than one member
  std::atomic<std::uint32_t> meetings_ = 0;  ///< that everyone has reached
  std::atomic<int> present_ = 0;             ///< members that have reached the next
  std::atomic<bool> sleepy_ = false;  ///< a thread waits asleep: others may need the processor
  Clock::duration waited_{};
};

}  // namespace qkv::base
