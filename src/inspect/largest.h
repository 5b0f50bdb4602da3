#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace qkv::inspect {

/// Keeps the `count` items with the largest values, the largest first. Of equal values, that of the
/// smaller id is first.
template <typename Item>
void keep_largest(std::vector<Item>& items, std::size_t count, double Item::*value) {
  count = std::min(count, items.size());
  std::partial_sort(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(count), items.end(),
                    [&](const Item& a, const Item& b) {
                      return a.*value != b.*value ? a.*value > b.*value : a.id < b.id;
                    });
  items.resize(count);
}

}  // namespace qkv::inspect
