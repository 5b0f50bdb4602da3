#include "engine/lone_runs.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace qkv::engine {
namespace {

using Millis = std::chrono::milliseconds;

class LoneRunsTest : public ::testing::Test {
 protected:
  /// The number of runs computed alone after one of 100 ms in which the first waited this long.
  int after_waiting(int milliseconds) {
    EXPECT_FALSE(runs_.next());
    runs_.judge(Millis(100), Millis(milliseconds));
    int count = 0;
    LoneRuns ahead = runs_;
    while (ahead.next()) ++count;
    return count;
  }
  void make_alone(int count) {
    for (int run = 0; run < count; ++run) EXPECT_TRUE(runs_.next());
  }

  LoneRuns runs_;
};

TEST_F(LoneRunsTest, AreNoneWhileLittleTimeIsLost) {
  for (int run = 0; run < 10; ++run) EXPECT_EQ(after_waiting(39), 0);
  EXPECT_EQ(after_waiting(0), 0);
}

TEST_F(LoneRunsTest, FollowTwoSlowRunsInARow) {
  EXPECT_EQ(after_waiting(40), 0);
  EXPECT_EQ(after_waiting(39), 0);
  EXPECT_EQ(after_waiting(100), 0);
  EXPECT_EQ(after_waiting(40), 4);
  make_alone(4);
}

TEST_F(LoneRunsTest, AreTwiceAsManyEachTimeUpTo1024) {
  int expected = 4;
  for (int time = 0; time < 12; ++time) {
    EXPECT_EQ(after_waiting(50), 0);
    EXPECT_EQ(after_waiting(50), expected);
    make_alone(expected);
    expected = std::min(2 * expected, 1024);
  }
}

TEST_F(LoneRunsTest, AreHalfAsManyAfterEachRunThatWentWell) {
  for (const int expected : {4, 8, 16}) {
    after_waiting(50);
    EXPECT_EQ(after_waiting(50), expected);
    make_alone(expected);
  }
  after_waiting(0);  // the next would have been twice 16, then twice 8
  after_waiting(50);
  EXPECT_EQ(after_waiting(50), 16);
}

}  // namespace
}  // namespace qkv::engine
