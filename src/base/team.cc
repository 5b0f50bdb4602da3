#include "base/team.h"

namespace qkv::base {
namespace {

/// Wakes the threads that wait for a change of `value`.
void change(std::atomic<std::uint32_t>& value) {
  value.fetch_add(1, std::memory_order_release);
  value.notify_all();
}

}  // namespace

// NOLINTNEXTLINE(bugprone-throw-keyword-missing): what was thrown, kept for later
Team::Team(int members) : failures_(1) {
  threads_.reserve(static_cast<std::size_t>(members));
  failures_.reserve(threads_.capacity());
  try {
    for (int member = 1; member < members; ++member) {
      threads_.emplace_back([this, member] { serve(member); });
      failures_.emplace_back();
    }
  } catch (const std::exception&) {
    // The system has no thread or no memory for another one: the team keeps its current size.
    failures_.resize(threads_.size() + 1);
  }
}

Team::~Team() {
  work_ = nullptr;
  change(started_);
  for (std::thread& thread : threads_) thread.join();
}

void Team::run(const std::function<void(int)>& work) {
  size_ = members();
  work_ = &work;
  waited_ = {};
  sleepy_.store(false, std::memory_order_relaxed);
  if (size_ > 1) change(started_);
  attempt(0);
  meet(0);
  std::exception_ptr first;
  for (std::exception_ptr& failure : failures_) {
    if (!first) first = failure;
    failure = nullptr;
  }
  if (first) std::rethrow_exception(first);
}

void Team::run_alone(const std::function<void(int)>& work) {
  size_ = 1;
  work(0);
}

void Team::attempt(int member) {
  try {
    (*work_)(member);
  } catch (...) {
    failures_[static_cast<std::size_t>(member)] = std::current_exception();
  }
}

void Team::serve(int member) {
  for (std::uint32_t seen = 0;; ++seen) {
    wait_for_change(started_, seen);
    if (work_ == nullptr) return;
    attempt(member);
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

}  // namespace qkv::base
