#include "evaluate/geometry/purity.h"

#include <algorithm>
#include <map>

#include "base/random.h"

namespace qkv::evaluate {

double purity(const std::vector<std::size_t>& groups, const std::vector<std::size_t>& classes) {
  std::map<std::size_t, std::map<std::size_t, std::size_t>> counts;
  std::map<std::size_t, std::size_t> most;
  std::size_t pure = 0;
  for (std::size_t point = 0; point < groups.size(); ++point) {
    std::size_t& best = most[groups[point]];
    if (++counts[groups[point]][classes[point]] > best) {
      ++best;
      ++pure;
    }
  }
  return static_cast<double>(pure) / static_cast<double>(groups.size());
}

double chance_purity(const std::vector<std::size_t>& groups, std::vector<std::size_t> classes) {
  constexpr int kOrders = 1000;
  std::sort(classes.begin(), classes.end());  // so that the order of the points does not matter
  base::RandomStream random(base::stream_key(0, base::Purpose::kPermutation, {classes.size()}));
  double sum = 0;
  for (int order = 0; order < kOrders; ++order) {
    base::shuffle(classes, random);
    sum += purity(groups, classes);
  }
  return sum / kOrders;
}

}  // namespace qkv::evaluate
