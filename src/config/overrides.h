#pragma once

#include <functional>
#include <string>
#include <vector>

namespace qkv::config {

/// Calls `check`, which names the config's file `name` in its messages. If it refuses the value of
/// a key that one of the overrides ("model.width=64") has set, the Error names --set instead.
void check_overridden(const std::string& name, const std::vector<std::string>& overrides,
                      const std::function<void()>& check);

}  // namespace qkv::config
