#include "world/effort.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"

namespace qkv::world {
namespace {

std::string refusal(const std::function<void()>& search) {
  try {
    search();
    return "";
  } catch (const base::Error& error) {
    return error.what();
  }
}

TEST(Effort, EndsASearchThatFindsNothingMore) {
  Effort effort("x: lines", "lines", 10, 5);
  EXPECT_EQ(refusal([&] {
              effort.try_once();
              effort.found(1);
              for (int tries = 0; tries < 1000; ++tries) effort.try_once();
            }),
            "x: lines: found 1 lines in 50 tries, expected 10");
  Effort large("x: lines", "lines", 1'000'000'000, 1'000'000);
  std::uint64_t tries = 0;
  EXPECT_NE(refusal([&] {
              while (true) {
                large.try_once();
                ++tries;
              }
            }),
            "");
  EXPECT_EQ(tries, Effort::kMostInVain);
}

TEST(Effort, RefusesMoreTextThanItMayCollect) {
  Effort effort("x: lines", "lines", 1'000'000, 20);
  for (int text = 1; text < 256; ++text) EXPECT_EQ(refusal([&] { effort.found(300); }), "");
  EXPECT_EQ(refusal([&] { effort.found(300); }),
            "x: lines: found 256 lines, of which 1000000 would take about 300 MB, expected at most "
            "256 MB");
  // One long text says nothing about a thousand short ones.
  Effort uneven("x: lines", "lines", 1'000'000, 20);
  EXPECT_EQ(refusal([&] {
              uneven.found(10'000);
              for (int text = 1; text < 1024; ++text) uneven.found(100);
            }),
            "");
  Effort last("x: lines", "lines", 3, 20);  // which the longest is
  EXPECT_EQ(refusal([&] {
              last.found(1);
              last.found(1);
            }),
            "");
  EXPECT_NE(refusal([&] { last.found(300'000'000); }), "");
}

}  // namespace
}  // namespace qkv::world
