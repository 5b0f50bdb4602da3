#include "config/overrides.h"

#include <algorithm>

#include "base/error.h"

namespace qkv::config {

void check_overridden(const std::string& name, const std::vector<std::string>& overrides,
                      const std::function<void()>& check) {
  try {
    check();
  } catch (const base::Error& error) {
    const std::string message = error.what();
    const std::string file = name + ": ";
    const bool is_set = std::any_of(overrides.begin(), overrides.end(), [&](const auto& text) {
      return message.starts_with(file + text.substr(0, text.find('=')) + ": ");
    });
    if (!is_set) throw;
    throw base::Error("--set: " + message.substr(file.size()), error.fault());
  }
}

}  // namespace qkv::config
