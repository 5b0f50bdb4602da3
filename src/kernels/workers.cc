#include "kernels/workers.h"

#include <system_error>

#include "base/error.h"
#include "base/floating_point.h"
#include "base/format.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// OpenMP's own function, declared here since not every compiler that reads this file has <omp.h>.
extern "C" int omp_get_max_threads();
extern "C" void omp_set_num_threads(int);

namespace qkv::kernels {
namespace {

/// Waits until `value` differs from `old`: first actively, for the time by which the parts of a
/// step differ, then asleep.
template <typename Value>
void wait_while(const std::atomic<Value>& value, Value old) {
  for (int turn = 0; turn < 2000; ++turn) {
    if (value.load(std::memory_order_acquire) != old) return;
#if defined(__x86_64__)
    _mm_pause();
#endif
  }
  value.wait(old, std::memory_order_acquire);
}

/// While one exists, this thread's OpenMP regions (oneDNN's) have one thread: the workers provide
/// the parallelism.
class Alone {
 public:
  Alone() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~Alone() { omp_set_num_threads(before_); }
  Alone(const Alone&) = delete;
  Alone& operator=(const Alone&) = delete;

 private:
  int before_;
};

}  // namespace

// NOLINTNEXTLINE(bugprone-throw-keyword-missing): what was thrown, kept for later
Workers::Workers(int count) : failures_(static_cast<std::size_t>(count)) {
  threads_.reserve(failures_.size());
  try {
    for (int number = 1; number < count; ++number)
      threads_.emplace_back([this, number] { work(number); });
  } catch (const std::system_error& error) {
    end();
    throw base::Error(base::concat("found no thread in the system after ", threads_.size() + 1,
                                   ", expected ", count, ": ", error.what()),
                      base::Error::Fault::kRun);
  } catch (...) {
    end();
    throw;
  }
}

Workers::~Workers() { end(); }

void Workers::end() {
  task_ = nullptr;
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Workers::run(const std::function<void(int)>& task) {
  task_ = &task;
  busy_.store(count() - 1, std::memory_order_relaxed);
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  {
    const Alone alone;
    attempt(0);
  }
  for (int left = busy_.load(std::memory_order_acquire); left != 0;
       left = busy_.load(std::memory_order_acquire))
    wait_while(busy_, left);
  std::exception_ptr first;
  for (std::exception_ptr& failure : failures_) {
    if (!first) first = failure;
    failure = nullptr;
  }
  if (first) std::rethrow_exception(first);
}

void Workers::attempt(int number) {
  try {
    (*task_)(number);
  } catch (...) {
    failures_[static_cast<std::size_t>(number)] = std::current_exception();
  }
}

void Workers::work(int number) {
  const Alone alone;
  base::flush_subnormals();
  for (unsigned seen = 0;; ++seen) {
    wait_while(round_, seen);
    if (task_ == nullptr) return;
    attempt(number);
    if (busy_.fetch_sub(1, std::memory_order_acq_rel) == 1) busy_.notify_all();
  }
}

}  // namespace qkv::kernels
