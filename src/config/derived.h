#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "config/config.h"

namespace qkv::config {

/// Sets the keys that `written`, a config's JSON, leaves out and whose defaults depend on others
/// (docs/config.md, "Defaults that follow other keys"): no default contradicts what a user set.
/// What was written stays as it is; whether it fits together is check_config's to say.
void derive_defaults(const base::Json& written, Config& config);

/// load_config for a run that goes on, whose folder `run` names: what derive_defaults would set
/// stays as the config.json there has it.
Config load_resumed_config(const std::filesystem::path& path,
                           const std::vector<std::string>& overrides,
                           const std::function<std::filesystem::path(const Config&)>& run);

/// Adds to `written` the keys of derive_defaults that it leaves out, as `run` has them.
void keep_derived(base::Json& written, const Config& run);

}  // namespace qkv::config
