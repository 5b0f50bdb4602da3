#pragma once

#include <cstddef>
#include <vector>

namespace qkv::evaluate {

/// Average linkage (UPGMA; Sokal and Michener 1958). Every point begins as a group. The two groups
/// whose points are nearest on average (the first two among equals) are joined repeatedly until
/// `groups` are left, or as many as there are points, if these are fewer. `distances`
/// [point][point] is symmetric. Returns each point's group; groups are numbered by their first
/// points.
std::vector<std::size_t> average_linkage(std::vector<std::vector<double>> distances,
                                         std::size_t groups);

}  // namespace qkv::evaluate
