#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/utf8.h"
#include "config/config.h"
#include "config/derived.h"
#include "config/keys.h"
#include "config/schema.h"

namespace qkv::config {
namespace {

namespace fs = std::filesystem;

// Stores a value that the schema accepted in its member.
void read(const base::Json& json, std::string& value) { value = json.get<std::string>(); }
void read(const base::Json& json, bool& value) { value = json.get<bool>(); }
void read(const base::Json& json, double& value) { value = json.get<double>(); }
void read(const base::Json& json, std::int64_t& value) { value = json.get<std::int64_t>(); }
void read(const base::Json& json, std::uint64_t& value) { value = json.get<std::uint64_t>(); }
void read(const base::Json& json, std::vector<fs::path>& value) {
  value.clear();
  for (const base::Json& path : json) value.emplace_back(path.get<std::string>());
}
void read(const base::Json& json, std::optional<fs::path>& value) {
  if (json.is_null()) {
    value.reset();
  } else {
    value = json.get<std::string>();
  }
}
void read(const base::Json& json, std::optional<std::vector<std::int64_t>>& snapshots) {
  snapshots.reset();
  if (json == "log") return;
  snapshots.emplace();
  if (json.is_array()) json.get_to(*snapshots);
}
template <spec::Choice Enum>
void read(const base::Json& json, Enum& value) {
  value = spec::find_choice<Enum>(json.get_ref<const std::string&>()).value();
}
template <spec::Section Section>
void read(const base::Json& json, Section& section) {
  visit_keys(section, [&](const char* key, auto& value) {
    if (const auto found = json.find(key); found != json.end()) read(*found, value);
  });
}

void write(base::Json& json, const std::vector<fs::path>& value) {
  json = base::Json::array();
  for (const fs::path& path : value) json.push_back(path.string());
}
void write(base::Json& json, const std::optional<fs::path>& value) {
  json = value ? base::Json(value->string()) : base::Json(nullptr);
}
void write(base::Json& json, const std::optional<std::vector<std::int64_t>>& snapshots) {
  if (!snapshots) {
    json = "log";
  } else if (snapshots->empty()) {
    json = "none";
  } else {
    json = *snapshots;
  }
}
template <spec::Choice Enum>
void write(base::Json& json, const Enum& value) {
  json = spec::name_of(value);
}
template <typename Value>
void write(base::Json& json, const Value& value) {
  json = value;
}
template <spec::Section Section>
void write(base::Json& json, const Section& section) {
  json = base::Json::object();
  visit_keys(section, [&](const char* key, const auto& value) { write(json[key], value); });
}

// Makes the paths among the values absolute. The schema refuses values that are not paths. `base`
// must be UTF-8 only if the paths are written to a file again.
enum class Base { kUtf8, kAny };
void make_absolute(base::Json& json, const fs::path& base, const std::string& name,
                   Base kind = Base::kUtf8) {
  const auto each = [&](const char* section, const char* key, const auto& change) {
    if (!json.is_object() || !json.contains(section)) return;
    base::Json& values = json[section];
    if (!values.is_object() || !values.contains(key)) return;
    base::Json& value = values[key];
    const auto change_one = [&](base::Json& one) {
      if (one.is_string() && !one.get_ref<const std::string&>().empty())
        change(one, base::concat(section, ".", key));
    };
    change_one(value);
    if (value.is_array()) {
      for (base::Json& one : value) change_one(one);
    }
  };
  const auto change = [&](base::Json& value, const std::string& key) {
    const auto text = value.get<std::string>();
    if (text.find('\0') != std::string::npos) {
      throw base::Error(base::concat(name, ": ", key, ": found ", base::quoted(text),
                                     ", expected a path without NUL bytes"));
    }
    if (fs::path(text).is_absolute()) return;
    // The folder is resolved first: "configs/.." is not this folder if configs is a link.
    std::error_code gone;  // a checkpoint's folder, while its run goes on
    fs::path folder = fs::weakly_canonical(fs::current_path() / base, gone);
    if (gone) folder = fs::current_path() / base;
    const std::string absolute = (folder / text).lexically_normal().string();
    if (kind == Base::kUtf8 && base::find_invalid_utf8(absolute)) {
      throw base::Error(base::concat(name, ": ", key, ": found ",
                                     base::quoted(base::replace_invalid_utf8(absolute), 200),
                                     ", expected a path in UTF-8"));
    }
    value = absolute;
  };
  each("tokenizer", "path", change);
  each("data", "train", change);
  each("data", "validation", change);
}

base::Json value_of(const std::string& text) {
  try {
    return base::parse_json(text, "--set");
  } catch (const base::Error&) {
    return text;
  }
}

// Sets the key that "a.b=VALUE" names. The value is checked by itself first, so that the message
// does not name the file.
void apply_override(base::Json& json, const std::string& text, const Schema& schema,
                    const std::string& name) {
  base::require_utf8(text, "--set");
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw base::Error(base::concat("--set: found ", base::quoted(text),
                                   ", expected KEY=VALUE, such as model.width=64"));
  }
  const std::string key = text.substr(0, equals);
  const base::Json* node = schema.find(key);
  if (node == nullptr) schema.refuse_unknown(key, "--set");
  const std::string written = text.substr(equals + 1);
  base::Json value = value_of(written);
  // A single file need not be written as a list.
  if (node->value("type", base::Json()) == "array" && value.is_string())
    value = base::Json::array({value});
  schema.make_whole(value, key);
  schema.check(value, key, "--set", value.is_number() ? written : "");

  base::Json* place = &json;
  for (std::size_t begin = 0;;) {
    if (!place->is_object()) {
      throw base::Error(base::concat(name, begin == 0 ? "" : ": " + key.substr(0, begin - 1),
                                     ": found ", shown(*place), ", expected an object"));
    }
    const std::size_t dot = key.find('.', begin);
    place = &(*place)[key.substr(begin, dot - begin)];
    if (dot == std::string::npos) break;
    // A section that is absent from the file begins empty.
    if (place->is_null()) *place = base::Json::object();
    begin = dot + 1;
  }
  *place = std::move(value);
}

/// Read only once, since reading takes longer than checking a file.
const Schema& config_keys() {
  static const Schema schema(config_schema(), "configs/schema.json");
  return schema;
}

/// The config as a user wrote it: the file with the overrides, and absolute paths.
base::Json written_config(const fs::path& path, const std::vector<std::string>& overrides) {
  const std::string name = path.string();
  base::Json json = base::read_json(path);
  make_absolute(json, path == "-" ? fs::path() : path.parent_path(), name);
  if (overrides.empty()) return json;
  const Schema& schema = config_keys();
  for (const std::string& text : overrides) apply_override(json, text, schema, name);
  // A path that is still relative comes from an override.
  make_absolute(json, fs::current_path(), "--set");
  return json;
}

}  // namespace

Config parse_config(base::Json json, const std::string& name, const fs::path& base,
                    const std::vector<std::string>& ignored_keys) {
  if (json.is_object()) {
    for (const std::string& key : ignored_keys) json.erase(key);
  }
  const Schema& schema = config_keys();
  schema.make_whole(json, "");
  schema.check(json, "", name);
  make_absolute(json, base, name, Base::kAny);  // already done for a config from a file
  Config config;
  read(json, config);
  derive_defaults(json, config);
  config.defaults = left_out(json, config);
  return config;
}

Config load_config(const fs::path& path, const std::vector<std::string>& overrides) {
  return parse_config(written_config(path, overrides), path.string(), {});
}

Config load_resumed_config(const fs::path& path, const std::vector<std::string>& overrides,
                           const std::function<fs::path(const Config&)>& run) {
  const std::string name = path.string();
  base::Json json = written_config(path, overrides);
  Config config = parse_config(json, name, {});
  const fs::path before = run(config) / "config.json";
  base::Json kept;
  try {
    kept =
        kept_of_run(parse_config(base::read_json(before), before.string(), before.parent_path()));
  } catch (const base::Error&) {
    return config;  // not a run of qkv: RunFolder reports what is wrong
  }
  fill_in(json, kept);
  return parse_config(std::move(json), name, {});
}

Config load_initialised_config(const fs::path& path, const std::vector<std::string>& overrides,
                               const Config& init, const std::string& where) {
  const std::string name = path.string();
  base::Json json = written_config(path, overrides);
  parse_config(json, name, {});  // what is wrong in it comes first
  const base::Json kept = {{"tokenizer", {{"kind", spec::name_of(init.tokenizer.kind)}}},
                           {"model", kept_of_model(init.model)}};
  fill_in(json, kept);
  Config config = parse_config(std::move(json), name, {});
  const base::Json found = to_json(config).flatten();
  const base::Json wanted = kept.flatten();
  for (const auto& [pointer, expected] : wanted.items()) {
    if (found[pointer] == expected) continue;
    std::string key = pointer.substr(1);
    std::replace(key.begin(), key.end(), '/', '.');
    throw base::Error(base::concat(key, ": found ", shown(found[pointer]), ", expected ",
                                   shown(expected), " as in ", where));
  }
  return config;
}

base::Json kept_of_run(const Config& config) {
  base::Json json = to_json(config);
  for (const char* key : {"steps", "validate_every", "log_every", "patience"})
    json["training"].erase(key);
  for (const char* key : {"checkpoints", "runtime"}) json.erase(key);
  json["tokenizer"].erase("path");
  return json;
}

base::Json kept_of_model(const spec::ModelConfig& model) {
  base::Json json;
  write(json, model);
  json.erase("dropout");
  if (!model.learns_positions()) json.erase("context");
  return json;
}

base::Json to_json(const Config& config) {
  base::Json json;
  write(json, config);
  return json;
}

}  // namespace qkv::config
