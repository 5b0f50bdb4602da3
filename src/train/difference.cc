#include "train/difference.h"

namespace qkv {

std::optional<Difference> first_difference(const Json& found, const Json& expected) {
  const Json before = expected.flatten();
  const Json now = found.flatten();
  for (const auto& [pointer, value] : now.items()) {
    Json other = before.value(pointer, Json());
    if (other == value) continue;
    std::string key = pointer.substr(1);
    for (char& c : key) c = c == '/' ? '.' : c;
    return Difference{.key = key, .found = value, .expected = std::move(other)};
  }
  return std::nullopt;
}

}  // namespace qkv
