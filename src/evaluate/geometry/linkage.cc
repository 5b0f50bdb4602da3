#include "evaluate/geometry/linkage.h"

#include <limits>
#include <map>

namespace qkv::evaluate {
namespace {

/// Groups of points, each named by its first point, and the mean distances between them.
class Groups {
 public:
  explicit Groups(std::vector<std::vector<double>> distances)
      : distances_(std::move(distances)),
        group_(distances_.size()),
        nearest_(distances_.size()),
        sizes_(distances_.size(), 1) {
    for (std::size_t point = 0; point < group_.size(); ++point) group_[point] = point;
    for (std::size_t point = 0; point < group_.size(); ++point) find_nearest(point);
  }

  void join_nearest() {
    std::size_t first = group_.size();
    for (std::size_t group = 0; group < group_.size(); ++group) {
      if (sizes_[group] == 0 || nearest_[group] == group_.size()) continue;
      if (first == group_.size() || gap(group) < gap(first)) first = group;
    }
    join(first, nearest_[first]);
  }

  const std::vector<std::size_t>& group_of_points() const { return group_; }

 private:
  double gap(std::size_t group) const { return distances_[group][nearest_[group]]; }

  /// The nearest of the groups after it, so that each pair is compared once.
  void find_nearest(std::size_t group) {
    nearest_[group] = group_.size();
    for (std::size_t other = group + 1; other < group_.size(); ++other) {
      if (sizes_[other] == 0) continue;
      if (nearest_[group] == group_.size() || distances_[group][other] < gap(group))
        nearest_[group] = other;
    }
  }

  void join(std::size_t first, std::size_t second) {
    const auto left = static_cast<double>(sizes_[first]);
    const auto right = static_cast<double>(sizes_[second]);
    for (std::size_t other = 0; other < group_.size(); ++other) {
      const double mean =
          (left * distances_[first][other] + right * distances_[second][other]) / (left + right);
      distances_[first][other] = distances_[other][first] = mean;
      if (group_[other] == second) group_[other] = first;
    }
    sizes_[first] += sizes_[second];
    sizes_[second] = 0;
    for (std::size_t group = 0; group < second; ++group) {
      if (sizes_[group] == 0) continue;
      const bool changed = group == first || nearest_[group] == first || nearest_[group] == second;
      if (changed) find_nearest(group);
    }
  }

  std::vector<std::vector<double>> distances_;
  std::vector<std::size_t> group_;  ///< of each point
  std::vector<std::size_t>
      nearest_;  ///< of each group; the number of points if there is none after it
  std::vector<std::size_t> sizes_;  ///< of each group; 0: joined to another
};

}  // namespace

std::vector<std::size_t> average_linkage(std::vector<std::vector<double>> distances,
                                         std::size_t groups) {
  const std::size_t points = distances.size();
  Groups all(std::move(distances));
  for (std::size_t left = points; left > groups && left > 1; --left) all.join_nearest();
  std::map<std::size_t, std::size_t> numbers;
  std::vector<std::size_t> out;
  for (const std::size_t group : all.group_of_points())
    out.push_back(numbers.emplace(group, numbers.size()).first->second);
  return out;
}

}  // namespace qkv::evaluate
