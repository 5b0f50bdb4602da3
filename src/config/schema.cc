#include "config/schema.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "base/utf8.h"
#include "config/config.h"

namespace qkv::config {
namespace {

std::string joined(const std::string& parent, const std::string& key) {
  return parent.empty() ? key : parent + "." + key;
}

std::string parent_of(const std::string& key) {
  const auto dot = key.rfind('.');
  return dot == std::string::npos ? "" : key.substr(0, dot);
}

std::string last_of(const std::string& key) { return key.substr(key.rfind('.') + 1); }

std::string prefix(const std::string& name, const std::string& key) {
  return key.empty() ? name : base::concat(name, ": ", shown_key(key));
}

void list_keys(const base::Json& node, const std::string& key, std::vector<std::string>& keys) {
  if (!node.contains("properties")) return;
  for (const auto& [child, child_node] : node["properties"].items()) {
    const std::string inner = joined(key, child);
    keys.push_back(inner);
    list_keys(child_node, inner, keys);
  }
}

/// The part of `node` that describes its member `key`: a named one, or the common one of all
/// members. Otherwise nullptr.
const base::Json* member_of(const base::Json& node, const std::string& key) {
  if (node.contains("properties")) {
    const auto member = node["properties"].find(key);
    if (member != node["properties"].end()) return &*member;
  }
  const auto any = node.find("additionalProperties");
  return any != node.end() && any->is_object() ? &*any : nullptr;
}

/// Whether a value is what `node` allows, apart from its members.
bool fits(const base::Json& value, const base::Json& node);

/// The part of `node` that a value is judged by: the first of its alternatives that it fits, if
/// there are any.
const base::Json& alternative_for(const base::Json& value, const base::Json& node) {
  const auto options = node.find("anyOf");
  if (options == node.end()) return node;
  const auto option = std::find_if(options->begin(), options->end(),
                                   [&](const base::Json& one) { return fits(value, one); });
  return option == options->end() ? node : *option;
}

/// A number as it was written, unless it is long.
std::string shown_number(const std::string& written) {
  constexpr std::size_t kLimit = 60;
  return written.size() <= kLimit ? written : base::quoted(written, kLimit);
}

void make_whole_below(base::Json& value, const base::Json& whole) {
  const base::Json& node = alternative_for(value, whole);
  constexpr double kMost =
      9007199254740991;  // 2^53 - 1: above it, one double stands for several integers
  if (value.is_number_float() && node.value("type", base::Json()) == "integer") {
    const auto number = value.get<double>();
    if (std::trunc(number) == number && std::abs(number) <= kMost)
      value = static_cast<std::int64_t>(number);
  }
  if (value.is_array() && node.contains("items")) {
    for (base::Json& item : value) make_whole_below(item, node["items"]);
  }
  if (!value.is_object()) return;
  for (const auto& [child, child_value] : value.items()) {
    if (const base::Json* child_node = member_of(node, child))
      make_whole_below(child_value, *child_node);
  }
}

std::size_t character_count(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return !base::continues_character(c); }));
}

bool has_type(const base::Json& value, const std::string& type) {
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  return type == value.type_name();  // null, boolean, string, array or object
}

bool fits(const base::Json& value, const base::Json& whole) {
  const base::Json& node = alternative_for(value, whole);
  if (node.contains("anyOf")) return false;
  if (const auto words = node.find("enum"); words != node.end())
    return std::find(words->begin(), words->end(), value) != words->end();
  const base::Json& types = node["type"];
  const auto has = [&](const base::Json& type) { return has_type(value, type); };
  if (types.is_array() ? std::none_of(types.begin(), types.end(), has) : !has(types)) return false;

  // Whether `limit` is not given, or `holds` for it.
  const auto keeps = [&](const std::string& limit, auto holds) {
    const auto found = node.find(limit);
    return found == node.end() || holds(*found);
  };
  if (value.is_number()) {
    return !(value.is_number_float() && !std::isfinite(value.get<double>())) &&
           keeps("minimum", [&](const base::Json& least) { return value >= least; }) &&
           keeps("maximum", [&](const base::Json& most) { return value <= most; }) &&
           keeps("exclusiveMinimum", [&](const base::Json& below) { return value > below; }) &&
           keeps("exclusiveMaximum", [&](const base::Json& above) { return value < above; });
  }
  const std::size_t size =
      value.is_string() ? character_count(value.get_ref<const std::string&>()) : value.size();
  const std::string of = value.is_string() ? "Length" : value.is_array() ? "Items" : "Properties";
  return keeps("min" + of, [&](const base::Json& least) { return size >= least; }) &&
         keeps("max" + of, [&](const base::Json& most) { return size <= most; });
}

/// Throws Error for a key that `node` requires and `value` lacks. Names the key that the user has
/// to write, not the section around it.
void require_members(const base::Json& value, const base::Json& node, const std::string& place,
                     const std::string& name) {
  for (const base::Json& required : node.value("required", base::Json::array())) {
    auto missing = required.get<std::string>();
    if (value.contains(missing)) continue;
    std::string needed = joined(place, missing);
    const base::Json* inner = &node["properties"][missing];
    while (inner->contains("required")) {
      missing = (*inner)["required"][0].get<std::string>();
      needed = joined(needed, missing);
      inner = &(*inner)["properties"][missing];
    }
    throw base::Error(
        base::concat(prefix(name, needed), ": found nothing, expected ", expectation(*inner)));
  }
}

/// Throws Error unless a value and its members are what `node` allows. `place` is its key, with
/// the indices of lists. See Schema::check for `written`.
void check_values(const base::Json& value, const base::Json& whole, const std::string& place,
                  const std::string& name, const std::string& written) {
  const base::Json& node = alternative_for(value, whole);
  if (!fits(value, node)) {
    const std::string text = written.empty() ? shown(value) : shown_number(written);
    throw base::Error(
        base::concat(prefix(name, place), ": found ", text, ", expected ", expectation(node)));
  }
  if (value.is_object()) {
    require_members(value, node, place, name);
    for (const auto& [child, child_value] : value.items()) {
      if (const base::Json* child_node = member_of(node, child))
        check_values(child_value, *child_node, joined(place, child), name, "");
    }
  } else if (value.is_array() && node.contains("items")) {
    for (std::size_t i = 0; i < value.size(); ++i)
      check_values(value[i], node["items"], base::concat(place, "[", i, "]"), name, "");
  }
}

/// Replaces the references to definitions, written as "#/definitions/NAME", by the definitions.
void expand_references(base::Json& node, const base::Json& definitions) {
  if (const auto reference = node.find("$ref"); node.is_object() && reference != node.end()) {
    const auto name = reference->get<std::string>();
    node = definitions.at(name.substr(name.rfind('/') + 1));
  }
  for (base::Json& child : node) {
    if (child.is_structured()) expand_references(child, definitions);
  }
}

base::Json schema_of(const std::string& text, const std::string& name) {
  base::Json root = base::parse_json(text, name);
  expand_references(root, root.value("definitions", base::Json::object()));
  return root;
}

}  // namespace

Schema::Schema(const std::string& text, const std::string& name) : root_(schema_of(text, name)) {
  list_keys(root_, "", keys_);
}

const base::Json* Schema::find(const std::string& key) const {
  const base::Json* node = &root_;
  if (key.empty()) return node;
  for (std::size_t begin = 0; begin <= key.size();) {
    const std::size_t end = std::min(key.find('.', begin), key.size());
    node = member_of(*node, key.substr(begin, end - begin));
    if (node == nullptr) return nullptr;
    begin = end + 1;
  }
  return node;
}

void Schema::refuse_unknown(const std::string& key, const std::string& name) const {
  const std::string parent = parent_of(key);
  const base::Json* section = find(parent);
  std::vector<std::string> siblings;
  if (section != nullptr && section->contains("properties")) {
    for (const auto& [child, unused] : (*section)["properties"].items()) siblings.push_back(child);
  }
  std::string suggestion = nearest(last_of(key), siblings);
  if (!suggestion.empty()) {
    suggestion = joined(parent, suggestion);
  } else {
    // A misspelling of the whole key, or the right last word in the wrong section.
    if (siblings.empty()) suggestion = nearest(key, keys_);
    std::vector<std::string> words;
    for (const std::string& known : keys_) words.push_back(last_of(known));
    const std::string word = suggestion.empty() ? nearest(last_of(key), words) : "";
    for (std::size_t i = 0; i < keys_.size() && suggestion.empty() && !word.empty(); ++i) {
      if (words[i] == word) suggestion = keys_[i];
    }
  }
  std::string hint = "; did you mean " + base::quoted(suggestion) + "?";
  if (suggestion.empty()) {
    hint = parent.empty() ? "; the top level has" : "; " + base::quoted(parent) + " has";
    if (siblings.empty()) hint = "; no key has a similar name";
    for (const std::string& sibling : siblings)
      hint += (sibling == siblings.front() ? " " : ", ") + sibling;
  }
  throw base::Error(base::concat(name, ": unknown key ", base::quoted(key), hint));
}

void Schema::check_names(const base::Json& value, const base::Json& node, const std::string& key,
                         const std::string& name) const {
  if (value.is_array() && node.contains("items")) {
    for (const base::Json& item : value) check_names(item, node["items"], key, name);
  }
  if (!value.is_object() || !(node.contains("properties") || node.contains("additionalProperties")))
    return;
  for (const auto& [child, child_value] : value.items()) {
    const base::Json* child_node = member_of(node, child);
    if (child_node == nullptr) {
      if (child.find('.') != std::string::npos && find(joined(key, child)) != nullptr) {
        throw base::Error(base::concat(name, ": unknown key ", base::quoted(joined(key, child)),
                                       "; in a file keys nest: {\"a\": {\"b\": 1}}"));
      }
      refuse_unknown(joined(key, child), name);
    }
    check_names(child_value, *child_node, joined(key, child), name);
  }
}

void Schema::make_whole(base::Json& value, const std::string& key) const {
  if (const base::Json* node = find(key)) make_whole_below(value, *node);
}

void Schema::check(const base::Json& value, const std::string& key, const std::string& name,
                   const std::string& written) const {
  const base::Json* node = find(key);
  if (node == nullptr) refuse_unknown(key, name);
  check_names(value, *node, key, name);
  check_values(value, *node, key, name, written);
}

}  // namespace qkv::config
