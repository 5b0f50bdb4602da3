#include "base/random.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace qkv::base {
namespace {

TEST(RandomStream, FollowsThePublishedSplitMix64) {
  RandomStream stream(1234567);  // the values of the algorithm's reference program for this seed
  EXPECT_EQ(stream.next(), 6457827717110365317U);
  EXPECT_EQ(stream.next(), 3203168211198807973U);
  EXPECT_EQ(stream.next(), 9817491932198370423U);
}

TEST(StreamKey, DiffersWithEachPart) {
  std::set<std::uint64_t> keys;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    for (const Purpose purpose : {Purpose::kBatch, Purpose::kDropout}) {
      for (std::uint64_t place = 0; place < 50; ++place) {
        keys.insert(stream_key(seed, purpose, {place, 0}));
        keys.insert(stream_key(seed, purpose, {0, place + 1}));
      }
    }
  }
  EXPECT_EQ(keys.size(), 4U * 2U * 100U);
}

TEST(Shuffle, SwapsEachPlaceFromTheEndWithOneUpToIt) {
  // From the published numbers above, 0.350 and 0.174 of 2^64: indices 1 of 3, then 0 of 2.
  RandomStream stream(1234567);
  std::vector<char> values = {'a', 'b', 'c'};
  shuffle(values, stream);
  EXPECT_EQ(values, (std::vector<char>{'c', 'a', 'b'}));
  EXPECT_EQ(stream.next(), 9817491932198370423U);
}

TEST(Shuffle, MakesEachOrderAsOften) {
  RandomStream stream(5);
  std::map<std::vector<int>, int> orders;
  for (int draw = 0; draw < 6000; ++draw) {
    std::vector<int> values = {0, 1, 2};
    shuffle(values, stream);
    ++orders[values];
  }
  EXPECT_EQ(orders.size(), 6U);
  // Five standard deviations of a binomial with 6000 draws and p = 1/6.
  for (const auto& [order, count] : orders) EXPECT_NEAR(count, 1000, 145);
}

TEST(Shuffle, LeavesNoneAndOneAlone) {
  RandomStream stream(1234567);
  std::vector<int> none;
  std::vector<int> one = {7};
  shuffle(none, stream);
  shuffle(one, stream);
  EXPECT_EQ(one, std::vector<int>{7});
  EXPECT_EQ(stream.next(), 6457827717110365317U);  // nothing was drawn
}

TEST(Permutation, VisitsEverythingOnceForAnySize) {
  for (const std::uint64_t size : {1U, 2U, 3U, 16U, 17U, 1000U, 4097U}) {
    const Permutation permutation(7, size);
    std::set<std::uint64_t> seen;
    for (std::uint64_t index = 0; index < size; ++index) seen.insert(permutation(index));
    EXPECT_EQ(seen.size(), size);
    EXPECT_EQ(*seen.rbegin(), size - 1);
  }
}

TEST(Permutation, LooksShuffled) {
  const Permutation permutation(3, 1000);
  int ascents = 0;
  for (std::uint64_t index = 1; index < 1000; ++index)
    ascents += permutation(index - 1) < permutation(index);
  // The number of ascents of a random order has a standard deviation of √(1001 / 12), about 9.
  EXPECT_NEAR(ascents, 500, 60);
}

}  // namespace
}  // namespace qkv::base
