#include "engine/lone_runs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

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

// On any machine, however busy, there is waiting in two runs in a row sooner or later.
TEST(LoneRuns, WorksAloneWhereSomebodyKeepsItWaitingAndTriesAgain) {
  base::Team team(2);
  LoneRuns lone_runs;
  std::atomic<bool> first_is_done = false;
  const auto members_of_a_run = [&](bool late) {
    int members = 0;
    first_is_done = false;
    lone_runs.run(team, [&](int member) {
      if (member == 0) {
        members = team.size();
        first_is_done = true;
      } else if (late) {
        while (!first_is_done) std::this_thread::yield();
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
      team.meet(member);
    });
    return members;
  };
  EXPECT_EQ(members_of_a_run(true), 2);
  while (members_of_a_run(true) == 2) continue;  // endless if it never works alone
  int alone = 1;
  while (members_of_a_run(false) == 1) ++alone;  // endless if it never tries again
  EXPECT_GE(alone, 4);
  EXPECT_LE(alone, 1024);
}

}  // namespace
}  // namespace qkv::engine
