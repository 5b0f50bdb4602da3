#pragma once

#include <cstddef>
#include <vector>

namespace qkv::evaluate {

/// The share of points that are of the most frequent class in their group (Manning, Raghavan and
/// Schütze 2008, section 16.3). A group and a class for each point, both counted from 0; at least
/// one point.
double purity(const std::vector<std::size_t>& groups, const std::vector<std::size_t>& classes);

/// What chance gives: the mean purity of groups of these sizes where the points stand in random
/// order, over 1000 orders from a stream that depends on their number alone.
double chance_purity(const std::vector<std::size_t>& groups, std::vector<std::size_t> classes);

}  // namespace qkv::evaluate
