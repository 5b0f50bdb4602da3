#include "base/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "base/team.h"

namespace qkv::base {

int threads_of(std::int64_t setting) {
  if (setting > 0) return static_cast<int>(setting);
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

void for_each_in_parallel(std::size_t count, int threads,
                          const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;
  std::size_t failed = count;  // the index of the call that threw `failure`
  const auto take_turns = [&] {
    for (std::size_t index = next++; index < count; index = next++) {
      try {
        work(index);
      } catch (...) {
        const std::lock_guard lock(mutex);
        next = count;
        if (index >= failed) continue;
        failed = index;
        failure = std::current_exception();
      }
    }
  };
  const std::size_t most = std::min(count, static_cast<std::size_t>(std::max(threads, 1)));
  Team(static_cast<int>(most)).run([&](int) { take_turns(); });
  if (failure) std::rethrow_exception(failure);
}

}  // namespace qkv::base
