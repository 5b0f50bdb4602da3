#include "base/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"

namespace qkv::base {
namespace {

TEST(ThreadsOf, AreThoseAskedForOrOnePerProcessor) {
  EXPECT_EQ(threads_of(1), 1);
  EXPECT_EQ(threads_of(1000), 1000);
  EXPECT_GE(threads_of(0), 1);
}

TEST(Parallel, CallsEachOnce) {
  for (const int threads : {-1, 0, 1, 2, 7, 100}) {
    for (const std::size_t count : {0, 1, 2, 50}) {
      std::vector<std::atomic<int>> calls(count);
      for_each_in_parallel(count, threads, [&](std::size_t index) { ++calls[index]; });
      for (const auto& number : calls) EXPECT_EQ(number, 1) << threads << " threads, " << count;
    }
  }
}

TEST(Parallel, UsesSeveralThreadsWhereAskedFor) {
  // Each call waits for the other: a single thread would never end.
  std::atomic<int> present = 0;
  for_each_in_parallel(2, 2, [&](std::size_t) {
    ++present;
    while (present < 2) std::this_thread::yield();
  });
  EXPECT_EQ(present, 2);

  const auto caller = std::this_thread::get_id();
  for_each_in_parallel(5, 1, [&](std::size_t) { EXPECT_EQ(std::this_thread::get_id(), caller); });
}

TEST(Parallel, ThrowsWhatTheLowestIndexThrew) {
  for (const int threads : {1, 2, 4}) {
    std::atomic<int> calls = 0;
    std::atomic<bool> another_failed = false;
    try {
      for_each_in_parallel(1000, threads, [&](std::size_t index) {
        ++calls;
        if (index < 2) return;
        // The lower index fails later, after another one has failed.
        while (index == 2 && threads > 1 && !another_failed) std::this_thread::yield();
        another_failed = true;
        throw Error("index " + std::to_string(index));
      });
      FAIL() << "expected an Error";
    } catch (const Error& error) {
      EXPECT_STREQ(error.what(), "index 2") << threads << " threads";
    }
    EXPECT_LT(calls, 1000) << "what had not begun is left";
  }
}

}  // namespace
}  // namespace qkv::base
