#include "engine/team.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <thread>
#include <vector>

#include "engine/lone_runs.h"

namespace qkv::engine {
namespace {

/// Wakes the threads that wait for a change of `value`.
void change(std::atomic<std::uint32_t>& value) {
  value.fetch_add(1, std::memory_order_release);
  value.notify_all();
}

}  // namespace

class Team::Others {
 public:
  /// At most this many.
  explicit Others(int most) {
    threads_.reserve(static_cast<std::size_t>(most));
    try {
      for (int member = 1; member <= most; ++member)
        threads_.emplace_back([this, member] { serve(member); });
    } catch (const std::exception&) {
      // The system has no thread or no memory for another one: the team keeps its current size.
    }
  }
  ~Others() {
    work_ = nullptr;
    change(started_);
    for (std::thread& thread : threads_) thread.join();
  }
  Others(const Others&) = delete;
  Others& operator=(const Others&) = delete;

  int count() const { return static_cast<int>(threads_.size()); }
  /// Whether the first member computes the next run alone; call it once per run.
  bool rest() { return threads_.empty() || lone_runs_.next(); }
  /// All members do this work, the first on this thread.
  void run(const std::function<void(int)>& work) {
    work_ = &work;
    waited_ = {};
    sleepy_.store(false, std::memory_order_relaxed);
    const Clock::time_point begin = Clock::now();
    change(started_);
    work(0);
    meet(0);
    lone_runs_.judge(Clock::now() - begin, waited_);
  }
  void meet(int member) {
    const std::uint32_t meeting = meetings_.load(std::memory_order_relaxed);
    if (present_.fetch_add(1, std::memory_order_acq_rel) < count()) {
      const Clock::duration waited = wait_for_change(meetings_, meeting);
      if (member == 0) waited_ += waited;
    } else {
      present_.store(0, std::memory_order_relaxed);
      change(meetings_);
    }
  }

 private:
  using Clock = std::chrono::steady_clock;

  void serve(int member) {
    for (std::uint32_t seen = 0;; ++seen) {
      wait_for_change(started_, seen);
      if (work_ == nullptr) return;
      (*work_)(member);
      meet(member);
    }
  }
  /// Returns after `value` has changed from `old`, with the time that this took, except for a
  /// moment.
  Clock::duration wait_for_change(const std::atomic<std::uint32_t>& value, std::uint32_t old);

  std::vector<std::thread> threads_;
  const std::function<void(int)>* work_ = nullptr;  ///< null: the team is dissolved
  std::atomic<std::uint32_t> started_ = 0;          ///< runs of more than one member
  std::atomic<std::uint32_t> meetings_ = 0;         ///< that everyone has reached
  std::atomic<int> present_ = 0;                    ///< members that have reached the next
  std::atomic<bool> sleepy_ = false;  ///< a thread waits asleep: others may need the processor
  Clock::duration waited_{};          ///< the first member, in this run
  LoneRuns lone_runs_;
};
Team::Others::Clock::duration Team::Others::wait_for_change(const std::atomic<std::uint32_t>& value,
                                                            std::uint32_t old) {
  constexpr int kMoment = 64;  // reads of `value`: about 1 µs
  // About 100 µs for a barrier. The first member may need longer between two runs.
  const int most = &value == &meetings_ ? 8000 : 32000;
  Clock::time_point begin;
  for (int look = 0; look < most; ++look) {
    if (value.load(std::memory_order_acquire) != old)
      return look < kMoment ? Clock::duration{} : Clock::now() - begin;
    if (look == kMoment - 1) {
      begin = Clock::now();
      if (sleepy_.load(std::memory_order_relaxed)) break;
    }
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  if (&value == &meetings_) sleepy_.store(true, std::memory_order_relaxed);
  value.wait(old, std::memory_order_acquire);
  return Clock::now() - begin;
}

Team::Team(int members) : others_(std::make_unique<Others>(std::max(members, 1) - 1)) {}

Team::~Team() = default;

void Team::run(const std::function<void(int)>& work) {
  if (others_->rest()) return run_alone(work);
  size_ = others_->count() + 1;
  others_->run(work);
}

void Team::run_alone(const std::function<void(int)>& work) {
  size_ = 1;
  work(0);
}

void Team::meet(int member) {
  if (size_ > 1) others_->meet(member);
}

}  // namespace qkv::engine
