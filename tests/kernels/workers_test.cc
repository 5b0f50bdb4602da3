#include "kernels/workers.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace qkv::kernels {
namespace {

TEST(Workers, EachDoesItsPartAndSeesWhatTheOthersDidBefore) {
  for (const int count : {1, 2, 5}) {
    Workers workers(count);
    ASSERT_EQ(workers.count(), count);
    std::vector<int> values(static_cast<std::size_t>(count), 1);
    std::vector<int> next(values.size());
    for (int round = 0; round < 200; ++round) {
      workers.run([&](int number) {  // reads what its neighbour wrote in the last task
        next[static_cast<std::size_t>(number)] =
            values[static_cast<std::size_t>((number + 1) % count)] + 1;
      });
      workers.run([&](int number) {
        values[static_cast<std::size_t>(number)] = next[static_cast<std::size_t>(number)];
      });
    }
    EXPECT_EQ(values, std::vector<int>(values.size(), 201));
  }
}

TEST(Workers, TheLowestNumbersFailureIsThrownAndTheNextTaskRuns) {
  Workers workers(4);
  std::vector<int> done(4);
  const auto fail = [&](int number) {
    done[static_cast<std::size_t>(number)] = 1;
    if (number >= 2) throw std::runtime_error(std::to_string(number));
  };
  try {
    workers.run(fail);
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "2");
  }
  EXPECT_EQ(done, std::vector<int>(4, 1));
  workers.run([&](int number) { done[static_cast<std::size_t>(number)] = 2; });
  EXPECT_EQ(done, std::vector<int>(4, 2));
}

}  // namespace
}  // namespace qkv::kernels
