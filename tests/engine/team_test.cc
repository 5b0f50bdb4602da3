#include "engine/team.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace qkv::engine {
namespace {

TEST(Team, SharesAreTheWhole) {
  Team team(3);
  std::vector<int> taken(100);
  int members = 0;
  team.run([&](int member) {
    if (member == 0) members = team.size();
    const Share part = team.share(100, member);
    for (std::int64_t at = part.begin; at < part.end; ++at) ++taken[static_cast<std::size_t>(at)];
  });
  EXPECT_EQ(members, 3);
  EXPECT_EQ(taken, std::vector<int>(100, 1));
}

TEST(Team, AfterAMeetingEachSeesWhatAllHaveWritten) {
  for (const int members : {1, 2, 3, 5}) {
    Team team(members);
    std::vector<std::int64_t> values(60);
    // Each number becomes the sum of its neighbours' old ones: wrong if a member reads too early.
    std::vector<std::int64_t> next(values.size());
    std::vector<std::int64_t> expected(values.size());
    expected[7] = values[7] = 1;
    const auto neighbours = [](const std::vector<std::int64_t>& from, std::size_t at) {
      return (from[(at + 59) % 60] + from[(at + 1) % 60]) % 1000003;
    };
    for (int run = 0; run < 50; ++run) {
      team.run([&](int member) {
        for (int step = 0; step < 10; ++step) {
          const Share part = team.share(60, member);
          for (auto at = static_cast<std::size_t>(part.begin);
               at < static_cast<std::size_t>(part.end); ++at)
            next[at] = neighbours(values, at);
          team.meet(member);
          for (auto at = static_cast<std::size_t>(part.begin);
               at < static_cast<std::size_t>(part.end); ++at)
            values[at] = next[at];
          team.meet(member);
        }
      });
      for (int step = 0; step < 10; ++step) {
        std::vector<std::int64_t> after(expected.size());
        for (std::size_t at = 0; at < after.size(); ++at) after[at] = neighbours(expected, at);
        expected = after;
      }
      ASSERT_EQ(values, expected) << members << " members, run " << run;
    }
  }
}

// lone_runs_test.cc tests when this happens. That a team uses its LoneRuns can be observed on any
// machine, however busy: sooner or later, there is waiting in two runs in a row.
TEST(Team, WorksAloneWhereSomebodyKeepsItWaitingAndTriesAgain) {
  Team team(2);
  std::atomic<bool> first_is_done = false;
  const auto members_of_a_run = [&](bool late) {
    int members = 0;
    first_is_done = false;
    team.run([&](int member) {
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

TEST(Team, DissolvesAsleep) {
  for (int at = 0; at < 20; ++at) {
    Team team(4);
    if (at % 2 == 0) team.run([](int) {});
    // Long enough for most of them to fall asleep; it must work for both.
    if (at % 4 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace
}  // namespace qkv::engine
