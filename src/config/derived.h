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

/// load_config for resuming a run, whose folder `run` returns: keys that are left out keep the
/// values of the config.json there, unless a resumed run may change them.
Config load_resumed_config(const std::filesystem::path& path,
                           const std::vector<std::string>& overrides,
                           const std::function<std::filesystem::path(const Config&)>& run);

/// load_config for a run that starts from the weights of a run with the config `init`: keys of the
/// model and the kind of tokenizer that are left out take its values. Throws Error, naming `where`,
/// if a key that is set differs, before all checks but those of the schema.
Config load_initialised_config(const std::filesystem::path& path,
                               const std::vector<std::string>& overrides, const Config& init,
                               const std::string& where);

/// The keys of `config` that its JSON, `written`, leaves out.
Defaults left_out(const base::Json& written, const Config& config);

/// Adds to `written` the keys that it leaves out, with the values of `other`.
void fill_in(base::Json& written, const base::Json& other);

}  // namespace qkv::config
