#pragma once

#include <cstddef>

namespace qkv::base {

/// Bytes [begin, end) of a text.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;

  bool operator==(const Span&) const = default;
  bool overlaps(const Span& other) const { return begin < other.end && other.begin < end; }
};

}  // namespace qkv::base
