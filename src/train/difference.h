#pragma once

#include <optional>
#include <string>

#include "base/json.h"

namespace qkv {

/// A key at which two configs differ.
struct Difference {
  std::string key;  ///< dotted
  Json found;
  Json expected;
};

/// The first key of `found`, in its order, that `expected` holds with another value or not at all.
std::optional<Difference> first_difference(const Json& found, const Json& expected);

}  // namespace qkv
