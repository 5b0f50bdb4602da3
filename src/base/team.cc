#include "base/team.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <vector>

namespace qkv::base {
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
    failures_.resize(static_cast<std::size_t>(most) + 1);
    try {
      for (int member = 1; member <= most; ++member)
        threads_.emplace_back([this, member] { serve(member); });
    } catch (const std::exception&) {
      // The system has no thread or no memory for another one: the team is smaller.
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
  Clock::duration waited() const { return waited_; }

  /// All members do this work, the first on this thread.
  void run(const std::function<void(int)>& work) {
    work_ = &work;
    waited_ = {};
    sleepy_.store(false, std::memory_order_relaxed);
    change(started_);
    attempt(0);
    meet(0);
    std::exception_ptr first;
    for (std::exception_ptr& failure : failures_) {
      if (!first) first = failure;
      failure = nullptr;
    }
    if (first) std::rethrow_exception(first);
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
  void serve(int member) {
    for (std::uint32_t seen = 0;; ++seen) {
      wait_for_change(started_, seen);
      if (work_ == nullptr) return;
      attempt(member);
      meet(member);
    }
  }
  void attempt(int member) {
    try {
      (*work_)(member);
    } catch (...) {
      failures_[static_cast<std::size_t>(member)] = std::current_exception();
    }
  }
  /// Returns after `value` has changed from `old`, with the time that this took, except for a
  /// moment.
  Clock::duration wait_for_change(const std::atomic<std::uint32_t>& value, std::uint32_t old);

  std::vector<std::thread> threads_;
  std::vector<std::exception_ptr> failures_;        ///< by member
  const std::function<void(int)>* work_ = nullptr;  ///< null: the team is dissolved
  std::atomic<std::uint32_t> started_ = 0;          ///< runs of more than one member
  std::atomic<std::uint32_t> meetings_ = 0;         ///< that everyone has reached
  std::atomic<int> present_ = 0;                    ///< members that have reached the next
  std::atomic<bool> sleepy_ = false;  ///< a thread waits asleep: others may need the processor
  Clock::duration waited_{};          ///< the first member, in the last run
};

Team::Clock::duration Team::Others::wait_for_change(const std::atomic<std::uint32_t>& value,
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

Team::Team(int members) : others_(std::make_unique<Others>(std::max(members, 1) - 1)) {
  members_ = others_->count() + 1;
}

Team::~Team() = default;

void Team::run(const std::function<void(int)>& work) {
  if (members_ == 1) return run_alone(work);
  size_ = members_;
  others_->run(work);
}

void Team::run_alone(const std::function<void(int)>& work) {
  size_ = 1;
  work(0);
}

Team::Clock::duration Team::waited() const { return others_->waited(); }

void Team::meet(int member) {
  if (size_ > 1) others_->meet(member);
}

}  // namespace qkv::base
