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

/// What a run keeps of its config when it is resumed. It may change how long it runs, how often it
/// reports and saves, and where it computes, and it has its own copy of the tokenizer.
base::Json kept_of_run(const Config& config);

/// What a run that starts from a model's weights keeps of the model: all but dropout and, if
/// positions have no weights, the context.
base::Json kept_of_model(const spec::ModelConfig& model);

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
