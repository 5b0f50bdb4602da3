#include "train/difference.h"

namespace qkv::train {

std::optional<Difference> first_difference(const base::Json& found, const base::Json& expected) {
  const base::Json before = expected.flatten();
  const base::Json now = found.flatten();
  for (const auto& [pointer, value] : now.items()) {
    base::Json other = before.value(pointer, base::Json());
    if (other == value) continue;
    std::string key = pointer.substr(1);
    for (char& c : key) c = c == '/' ? '.' : c;
    return Difference{.key = key, .found = value, .expected = std::move(other)};
  }
  return std::nullopt;
}

}  // namespace qkv::train
