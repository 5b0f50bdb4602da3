#include "config/schema.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "config/config.h"

namespace qkv::config {
namespace {

const std::filesystem::path kSource = QKV_SOURCE_DIR;

struct Key {
  std::string name;  ///< dotted
  base::Json node;
};

// Every key that holds a value, in order.
void list_keys(const base::Json& node, const std::string& prefix, std::vector<Key>& keys) {
  for (const auto& [name, child] : node["properties"].items()) {
    if (child.contains("properties")) {
      list_keys(child, prefix + name + ".", keys);
    } else if (name != "$schema") {
      keys.push_back({prefix + name, child});
    }
  }
}

std::vector<Key> keys_of_schema() {
  std::vector<Key> keys;
  list_keys(base::parse_json(config_schema(), "schema"), "", keys);
  return keys;
}

void list_values(const base::Json& json, const std::string& prefix,
                 std::vector<std::pair<std::string, base::Json>>& values) {
  for (const auto& [name, child] : json.items()) {
    if (child.is_object()) {
      list_values(child, prefix + name + ".", values);
    } else {
      values.emplace_back(prefix + name, child);
    }
  }
}

void expect_described(const base::Json& node, const std::string& key) {
  EXPECT_TRUE(node.contains("title")) << key;
  EXPECT_TRUE(node.contains("description")) << key;
  if (!node.contains("properties")) return;
  EXPECT_EQ(node.value("additionalProperties", base::Json()), base::Json(false)) << key;
  for (const auto& [name, child] : node["properties"].items())
    expect_described(child, key + "." + name);
}

TEST(Schema, TheLibraryCarriesTheFile) {
  EXPECT_EQ(config_schema(), base::read_file(kSource / "configs/schema.json"));
}

TEST(Schema, IsStrictAndDescribesEveryKey) {
  expect_described(base::parse_json(config_schema(), "schema"), "");
}

TEST(Schema, QuotesLittleOfALongKey) {
  const Schema schema(R"({"type": "object", "additionalProperties": {"type": "boolean"}})", "s");
  base::Json value = base::Json::object();
  value[std::string(1'000'000, 'k')] = 1;
  try {
    schema.check(value, "", "x.json");
    ADD_FAILURE();
  } catch (const base::Error& error) {
    const std::string message = error.what();
    EXPECT_LT(message.size(), 300U) << message.substr(0, 100);
    EXPECT_NE(message.find("found 1, expected true or false"), std::string::npos);
  }
}

// The structs and the schema state the same keys in the same order with the same defaults.
TEST(Schema, AgreesWithTheStructs) {
  std::vector<std::pair<std::string, base::Json>> values;
  const Config defaults;
  list_values(to_json(defaults), "", values);
  const std::vector<Key> keys = keys_of_schema();
  ASSERT_EQ(values.size(), keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    EXPECT_EQ(values[i].first, keys[i].name);
    if (keys[i].name == "data.train" || keys[i].name == "model.key_value_heads") {
      EXPECT_FALSE(keys[i].node.contains("default")) << keys[i].name;
    } else {
      ASSERT_TRUE(keys[i].node.contains("default")) << keys[i].name;
      EXPECT_EQ(keys[i].node["default"], values[i].second) << keys[i].name;
    }
  }
}

void collect_keywords(const base::Json& node, std::set<std::string>& keywords) {
  for (const auto& [keyword, child] : node.items()) {
    keywords.insert(keyword);
    if (keyword == "properties" || keyword == "definitions") {
      for (const auto& [name, part] : child.items()) collect_keywords(part, keywords);
    } else if (child.is_object() && keyword != "default") {
      collect_keywords(child, keywords);
    }
  }
}

// Schema::check would accept what it does not read.
TEST(Schema, NoSchemaUsesAKeywordThatIsNotChecked) {
  const std::set<std::string> notes = {"$schema", "title", "description", "default"};
  const std::set<std::string> checked = {"$ref",
                                         "additionalProperties",
                                         "anyOf",
                                         "definitions",
                                         "enum",
                                         "exclusiveMaximum",
                                         "items",
                                         "maxItems",
                                         "exclusiveMinimum",
                                         "maxLength",
                                         "maximum",
                                         "minItems",
                                         "minLength",
                                         "minimum",
                                         "minProperties",
                                         "properties",
                                         "required",
                                         "type"};
  for (const char* file : {"configs/schema.json", "data/world/grammar.schema.json",
                           "data/world/geometry.schema.json", "data/world/probes.schema.json"}) {
    std::set<std::string> keywords;
    collect_keywords(base::read_json(kSource / file), keywords);
    for (const std::string& keyword : keywords)
      EXPECT_TRUE(notes.contains(keyword) || checked.contains(keyword)) << file << ": " << keyword;
  }
}

TEST(Schema, CountsCharactersNotBytes) {
  const Schema schema(R"({"type": "string", "minLength": 2, "maxLength": 3})", "s");
  EXPECT_NO_THROW(schema.check("äöü", "", "x.json"));
  EXPECT_THROW(schema.check("ä", "", "x.json"), base::Error);
  EXPECT_THROW(schema.check("äöüß", "", "x.json"), base::Error);
}

// Each limit holds: the last valid value is accepted, the next one refused.
TEST(Schema, LimitsHold) {
  int tried = 0;
  for (const Key& key : keys_of_schema()) {
    const auto accepts = [&](const base::Json& value) {
      base::Json json = base::parse_json(R"({"data": {"train": ["/a"]}})", "x");
      std::string pointer = "/" + key.name;
      std::replace(pointer.begin(), pointer.end(), '.', '/');
      json[base::Json::json_pointer(pointer)] = value;
      try {
        parse_config(json, "x", "/");
        return true;
      } catch (const std::exception&) {
        return false;
      }
    };
    if (key.node.value("type", base::Json()) == "integer") {
      const auto least = key.node["minimum"].get<std::int64_t>();
      const auto most = key.node["maximum"].get<std::int64_t>();
      EXPECT_TRUE(accepts(least) && accepts(most)) << key.name;
      EXPECT_FALSE(accepts(least - 1) || accepts(most + 1) || accepts(least + 0.5)) << key.name;
      ++tried;
    } else if (key.node.value("type", base::Json()) == "number") {
      const bool open = key.node.contains("exclusiveMaximum");
      const double most = key.node[open ? "exclusiveMaximum" : "maximum"].get<double>();
      const bool above = key.node.contains("exclusiveMinimum");
      const double least = key.node[above ? "exclusiveMinimum" : "minimum"].get<double>();
      EXPECT_EQ(accepts(most), !open) << key.name;
      EXPECT_EQ(accepts(least), !above) << key.name;
      EXPECT_TRUE(accepts(least + 1e-9) && accepts(most - 1e-9)) << key.name;
      EXPECT_FALSE(accepts(least - 1e-9) || accepts(most * 1.001)) << key.name;
      ++tried;
    } else if (key.node.contains("enum")) {
      for (const base::Json& value : key.node["enum"])
        EXPECT_TRUE(accepts(value)) << key.name << value;
      EXPECT_FALSE(accepts("other") || accepts(nullptr) || accepts(0)) << key.name;
      ++tried;
    }
  }
  EXPECT_EQ(tried, 47);
}

TEST(Docs, MentionEveryKey) {
  const std::string page = base::read_file(kSource / "docs/config.md");
  for (const Key& key : keys_of_schema()) {
    EXPECT_NE(page.find("`" + key.name + "`"), std::string::npos) << key.name;
    if (!key.node.contains("default")) continue;
    // The default is in the same row.
    const auto row = page.find("| `" + key.name + "`");
    ASSERT_NE(row, std::string::npos) << key.name;
    const std::string line = page.substr(row, page.find('\n', row) - row);
    const base::Json& value = key.node["default"];
    const std::string text =
        value.is_string() && value != "" ? value.get<std::string>() : value.dump();
    EXPECT_NE(line.find("| " + text + " |"), std::string::npos) << key.name << ": " << text;
    for (const base::Json& word : key.node.value("enum", base::Json::array())) {
      EXPECT_NE(line.find(word.get<std::string>()), std::string::npos) << key.name << word;
    }
  }
}

/// The names of an enum as a schema lists them.
template <spec::Choice Enum>
base::Json names_of() {
  base::Json names = base::Json::array();
  for (const Enum value : spec::all<Enum>()) names.push_back(spec::name_of(value));
  return names;
}

TEST(Schema, ItsChoicesAreThoseOfSpec) {
  const Schema schema(config_schema(), "schema");
  const auto names = [&](const char* key) { return schema.find(key)->at("enum"); };
  EXPECT_EQ(names("tokenizer.kind"), names_of<spec::TokenizerKind>());
  EXPECT_EQ(names("data.layout"), names_of<spec::TextLayout>());
  EXPECT_EQ(names("model.kind"), names_of<spec::Architecture>());
  EXPECT_EQ(names("model.norm"), names_of<spec::Norm>());
  EXPECT_EQ(names("model.position"), names_of<spec::Position>());
  EXPECT_EQ(names("model.objective"), names_of<spec::Objective>());
  EXPECT_EQ(names("model.feed_forward.activation"), names_of<spec::Activation>());
  EXPECT_EQ(names("model.attention.projection"), names_of<spec::Projection>());
  EXPECT_EQ(names("model.attention.weights"), names_of<spec::Weighting>());
  EXPECT_EQ(names("training.optimizer"), names_of<spec::Optimizer>());
  EXPECT_EQ(names("training.schedule"), names_of<spec::Schedule>());
  EXPECT_EQ(names("runtime.device"), names_of<spec::Device>());
  EXPECT_EQ(names("runtime.precision"), names_of<spec::Precision>());
  EXPECT_EQ(names("runtime.kernels"), names_of<spec::Kernels>());
}

TEST(Shipped, EveryConfigLoadsAndChecks) {
  int count = 0;
  const auto schema = kSource / "configs/schema.json";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kSource / "configs")) {
    const auto file = entry.path();
    if (entry.is_directory() || file == schema) continue;
    const Config config = load_config(file);
    const bool rung = file.parent_path().filename() == "ladder";
    EXPECT_EQ(config.name, (rung ? "ladder-" : "") + file.stem().string());
    EXPECT_NO_THROW(check_config(config, file.string())) << file;
    const std::string named = base::read_json(file)["$schema"];
    EXPECT_EQ((file.parent_path() / named).lexically_normal(), schema) << file;
    ++count;
  }
  EXPECT_GE(count, 6);
}

TEST(Shipped, TheWorldIsThere) {
  EXPECT_NO_THROW(check_files(load_config(kSource / "configs/world.json"), "world.json"));
}

}  // namespace
}  // namespace qkv::config
