#include "kernels/processor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/error.h"

namespace qkv::kernels {
namespace {

/// The answer is kept for the lifetime of a process, so each is asked in a separate process.
void exit_with_instructions(const char* limit) {
  setenv("QKV_INSTRUCTIONS", limit, 1);
  try {
    std::exit(static_cast<int>(instructions()));
  } catch (const base::Error& error) {
    std::fputs(error.what(), stderr);
    std::exit(99);
  }
}

TEST(ProcessorDeathTest, UsesTheBestUnlessToldLess) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const int best = static_cast<int>(best_instructions());
  EXPECT_EXIT(exit_with_instructions(""), testing::ExitedWithCode(best), "");
  for (int limit = 0; limit <= static_cast<int>(Instructions::kAmx); ++limit) {
    EXPECT_EXIT(exit_with_instructions(name(static_cast<Instructions>(limit))),
                testing::ExitedWithCode(std::min(limit, best)), "");
  }
  EXPECT_EXIT(
      exit_with_instructions("avx51"), testing::ExitedWithCode(99),
      "QKV_INSTRUCTIONS: found \"avx51\", expected baseline, avx2, avx512, avx512bf16 or amx");
}

}  // namespace
}  // namespace qkv::kernels
