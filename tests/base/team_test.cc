#include "base/team.h"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace qkv::base {
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

TEST(Team, EachDoesItsPartAndSeesWhatTheOthersDidInTheLastRun) {
  for (const int members : {1, 2, 5}) {
    Team team(members);
    ASSERT_EQ(team.members(), members);
    std::vector<int> values(static_cast<std::size_t>(members), 1);
    std::vector<int> next(values.size());
    for (int run = 0; run < 200; ++run) {
      team.run([&](int member) {
        next[static_cast<std::size_t>(member)] =
            values[static_cast<std::size_t>((member + 1) % members)] + 1;
      });
      team.run([&](int member) {
        values[static_cast<std::size_t>(member)] = next[static_cast<std::size_t>(member)];
      });
    }
    EXPECT_EQ(values, std::vector<int>(values.size(), 201));
  }
}

TEST(Team, TheFailureOfTheLowestMemberIsThrownAndTheNextRunWorks) {
  Team team(4);
  std::vector<int> done(4);
  const auto fail = [&](int member) {
    done[static_cast<std::size_t>(member)] = 1;
    if (member >= 2) throw std::runtime_error(std::to_string(member));
  };
  try {
    team.run(fail);
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "2");
  }
  EXPECT_EQ(done, std::vector<int>(4, 1));
  team.run([&](int member) { done[static_cast<std::size_t>(member)] = 2; });
  EXPECT_EQ(done, std::vector<int>(4, 2));
}

TEST(Team, OneMemberAloneIsTheWholeTeam) {
  Team team(3);
  std::vector<int> members;
  team.run_alone([&](int member) {
    members = {member, team.size(), static_cast<int>(team.share(7, member).end)};
    team.meet(member);
  });
  EXPECT_EQ(members, (std::vector<int>{0, 1, 7}));
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
}  // namespace qkv::base
