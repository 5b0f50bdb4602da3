#pragma once

#include <cstddef>
#include <vector>

namespace qkv::evaluate {

/// Average linkage (UPGMA; Sokal and Michener 1958): every point begins as a group, and again and
/// again the two groups are joined whose points are nearest on average, the first two among equals,
/// until `groups` are left (or the points, where these are fewer). `distances` [point][point] is
/// symmetric. Returns each point's group; groups are numbered by their first points.
std::vector<std::size_t> average_linkage(std::vector<std::vector<double>> distances,
                                         std::size_t groups);

}  // namespace qkv::evaluate
