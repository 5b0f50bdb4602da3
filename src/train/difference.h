#pragma once

#include <optional>
#include <string>

#include "base/json.h"

namespace qkv::train {

/// A key at which two configs differ.
struct Difference {
  std::string key;  ///< dotted
  base::Json found;
  base::Json expected;
};

/// The first key of `found`, in its order, that `expected` lacks or holds with another value.
std::optional<Difference> first_difference(const base::Json& found, const base::Json& expected);

}  // namespace qkv::train
