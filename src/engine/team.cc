#include "engine/team.h"

#include <exception>

namespace qkv::engine {
namespace {

/// Wakes the threads that wait for a change of `value`.
void change(std::atomic<std::uint32_t>& value) {
  value.fetch_add(1, std::memory_order_release);
  value.notify_all();
}

}  // namespace

Team::Team(int members) {
  threads_.reserve(static_cast<std::size_t>(members));
  try {
    for (int member = 1; member < members; ++member)
      threads_.emplace_back([this, member] { serve(member); });
  } catch (const std::exception&) {
    // The system has no thread or no memory for another one: the team keeps its current size.
  }
}

Team::~Team() {
  work_ = nullptr;
  change(started_);
  for (std::thread& thread : threads_) thread.join();
}

void Team::run(const std::function<void(int)>& work) {
  if (threads_.empty() || lone_runs_.next()) return run_alone(work);
  size_ = static_cast<int>(threads_.size()) + 1;
  work_ = &work;
  waited_ = {};
  sleepy_.store(false, std::memory_order_relaxed);
  const Clock::time_point begin = Clock::now();
  change(started_);
  work(0);
  meet(0);
  lone_runs_.judge(Clock::now() - begin, waited_);
}

void Team::run_alone(const std::function<void(int)>& work) {
  size_ = 1;
  work(0);
}

void Team::serve(int member) {
  for (std::uint32_t seen = 0;; ++seen) {
    wait_for_change(started_, seen);
    if (work_ == nullptr) return;
    (*work_)(member);
    meet(member);
  }
}

void Team::meet(int member) {
  const int size = size_;  // once all have arrived, the first member may change it
  if (size == 1) return;
  const std::uint32_t meeting = meetings_.load(std::memory_order_relaxed);
  if (present_.fetch_add(1, std::memory_order_acq_rel) + 1 < size) {
    const Clock::duration waited = wait_for_change(meetings_, meeting);
    if (member == 0) waited_ += waited;
  } else {
    present_.store(0, std::memory_order_relaxed);
    change(meetings_);
  }
}

Team::Clock::duration Team::wait_for_change(const std::atomic<std::uint32_t>& value,
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

}  // namespace qkv::engine
