#include "evaluate/geometry/linkage.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"

namespace qkv::evaluate {
namespace {

using Distances = std::vector<std::vector<double>>;
using Groups = std::vector<std::size_t>;

Distances on_a_line(const std::vector<double>& places) {
  Distances distances;
  for (const double one : places) {
    distances.emplace_back();
    for (const double other : places) distances.back().push_back(std::abs(one - other));
  }
  return distances;
}

/// The definition: the mean over all pairs is computed again for each two groups, each time.
Groups by_definition(const Distances& distances, std::size_t wanted) {
  std::vector<Groups> groups;
  for (std::size_t point = 0; point < distances.size(); ++point) groups.push_back({point});
  while (groups.size() > wanted) {
    std::size_t first = 0;
    std::size_t second = 0;
    double best = INFINITY;
    for (std::size_t left = 0; left < groups.size(); ++left) {
      for (std::size_t right = left + 1; right < groups.size(); ++right) {
        double sum = 0;
        for (const std::size_t a : groups[left]) {
          for (const std::size_t b : groups[right]) sum += distances[a][b];
        }
        sum /= static_cast<double>(groups[left].size() * groups[right].size());
        if (sum >= best) continue;
        best = sum;
        first = left;
        second = right;
      }
    }
    groups[first].insert(groups[first].end(), groups[second].begin(), groups[second].end());
    groups.erase(groups.begin() + static_cast<std::ptrdiff_t>(second));
  }
  Groups out(distances.size());
  for (std::size_t group = 0; group < groups.size(); ++group) {
    for (const std::size_t point : groups[group]) out[point] = group;
  }
  return out;
}

TEST(AverageLinkage, JoinsTheNearestOnAverage) {
  const Distances distances = on_a_line({0, 10, 1, 12, 3});
  EXPECT_EQ(average_linkage(distances, 5), (Groups{0, 1, 2, 3, 4}));
  EXPECT_EQ(average_linkage(distances, 4), (Groups{0, 1, 0, 2, 3}));
  EXPECT_EQ(average_linkage(distances, 3), (Groups{0, 1, 0, 1, 2}));
  EXPECT_EQ(average_linkage(distances, 2), (Groups{0, 1, 0, 1, 0}));
  EXPECT_EQ(average_linkage(distances, 1), (Groups{0, 0, 0, 0, 0}));
}

// Single linkage would add 2.1 to {0, 1}, since 1 is nearer than 3.25.
TEST(AverageLinkage, IsNotSingleLinkage) {
  EXPECT_EQ(average_linkage(on_a_line({0, 1, 2.1, 3.25}), 2), (Groups{0, 0, 1, 1}));
}

TEST(AverageLinkage, TakesTheFirstAmongEquals) {
  EXPECT_EQ(average_linkage(on_a_line({0, 1, 2, 3}), 3), (Groups{0, 0, 1, 2}));
}

TEST(AverageLinkage, HandlesFewPoints) {
  EXPECT_EQ(average_linkage({}, 3), Groups{});
  EXPECT_EQ(average_linkage({{0}}, 3), Groups{0});
  EXPECT_EQ(average_linkage({{0}}, 0), Groups{0});
}

TEST(AverageLinkage, AgreesWithItsDefinition) {
  base::RandomStream random(5);
  for (const std::size_t points : {7U, 30U}) {
    Distances distances(points, std::vector<double>(points));
    for (std::size_t row = 0; row < points; ++row) {
      for (std::size_t column = 0; column < row; ++column)
        distances[row][column] = distances[column][row] = random.uniform();
    }
    for (std::size_t groups = 1; groups <= points; ++groups)
      EXPECT_EQ(average_linkage(distances, groups), by_definition(distances, groups)) << groups;
  }
}

}  // namespace
}  // namespace qkv::evaluate
