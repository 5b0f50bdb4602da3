#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "config/config.h"

namespace qkv::config {

/// Sets the keys that `written`, a config's JSON, omits and whose defaults depend on other keys
/// (docs/config.md, "Defaults that follow other keys"). No default contradicts what a user set.
/// Keys that are set do not change; check_config decides whether they fit together.
void derive_defaults(const base::Json& written, Config& config);

/// load_config for a run that is resumed and whose folder is `run`: keys that derive_defaults would
/// set have the values in its config.json.
Config load_resumed_config(const std::filesystem::path& path,
                           const std::vector<std::string>& overrides,
                           const std::function<std::filesystem::path(const Config&)>& run);

/// Adds to `written` the keys of derive_defaults that it omits, with the values of `run`.
void keep_derived(base::Json& written, const Config& run);

}  // namespace qkv::config
