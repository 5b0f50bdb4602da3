#pragma once

#include <cstddef>
#include <vector>

namespace qkv::evaluate {

/// The share of points that are of the most frequent class in their group (Manning, Raghavan and
/// Schütze 2008, section 16.3). Each point has a group and a class, both counted from 0; at least
/// one point.
double purity(const std::vector<std::size_t>& groups, const std::vector<std::size_t>& classes);

/// Chance: the mean purity of groups of these sizes if the points are in random order, over 1000
/// orders from a stream that depends only on their number.
double chance_purity(const std::vector<std::size_t>& groups, std::vector<std::size_t> classes);

}  // namespace qkv::evaluate
