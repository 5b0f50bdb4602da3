#include "base/format.h"
#include "config/schema.h"

namespace qkv::config {
namespace {

std::string number_range(const base::Json& node) {
  const bool above = node.contains("exclusiveMinimum");
  const bool below = node.contains("exclusiveMaximum");
  const std::string least = shown(node[above ? "exclusiveMinimum" : "minimum"]);
  const std::string most = shown(node[below ? "exclusiveMaximum" : "maximum"]);
  return base::concat(above ? " above " : " from ", least, above ? " and " : " to ",
                      below   ? "below "
                      : above ? "at most "
                              : "",
                      most);
}

std::string text_range(const base::Json& node) {
  const int least = node.value("minLength", 0);
  if (node.contains("maxLength"))
    return base::concat("a text of ", least, " to ", node["maxLength"], " characters");
  return least > 0 ? "a text that is not empty" : "a text";
}

/// The number of members of a list: "2", "2 to 9", "at least 2", "at most 9".
std::string count_range(const base::Json& node) {
  if (!node.contains("minItems")) {
    return node.contains("maxItems") ? base::concat("at most ", node["maxItems"]) : "any number";
  }
  if (!node.contains("maxItems")) return base::concat("at least ", node["minItems"]);
  if (node["minItems"] == node["maxItems"]) return shown(node["minItems"]);
  return base::concat(node["minItems"], " to ", node["maxItems"]);
}

std::string type_words(const std::string& type, const base::Json& node) {
  if (type == "integer") return "an integer" + number_range(node);
  if (type == "number") return "a number" + number_range(node);
  if (type == "boolean") return "true or false";
  if (type == "string") return text_range(node);
  if (type == "object") {
    return node.contains("minProperties")
               ? base::concat("an object {...} of at least ", node["minProperties"])
               : "an object";
  }
  if (type == "array")
    return base::concat("a list [...] of ", count_range(node), ", each ",
                        expectation(node["items"]));
  return type;
}

}  // namespace

std::string shown(const base::Json& value) {
  constexpr std::size_t kLimit = 60;
  if (value.is_object()) return "an object";
  if (value.is_string()) return base::quoted(value.get_ref<const std::string&>(), kLimit);
  if (value.is_array() && value.size() > 4) return base::concat("a list of ", value.size());
  if (value.is_number_float()) return base::shortest(value.get<double>());
  const std::string text = value.dump(-1, ' ', false, base::Json::error_handler_t::replace);
  return text.size() <= kLimit ? base::printable(text)
         : value.is_array()    ? base::concat("a list of ", value.size())
                               : base::quoted(text, kLimit);
}

std::string shown_key(const std::string& key) {
  constexpr std::size_t kLongest = 200;
  const std::string text = base::quoted(key, kLongest);
  return text.substr(1, text.size() - 2);
}

std::string expectation(const base::Json& node) {
  std::string out;
  if (const auto options = node.find("anyOf"); options != node.end()) {
    for (const base::Json& option : *options)
      out += (out.empty() ? "" : ", or ") + expectation(option);
    return out;
  }
  if (node.contains("enum")) {
    const base::Json& words = node["enum"];
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
      out += shown(words[i]);
    }
    return out;
  }
  const base::Json& type = node["type"];
  if (type.is_string()) return type_words(type.get<std::string>(), node);
  for (const base::Json& one : type) {
    if (!out.empty()) out += " or ";
    out += type_words(one.get<std::string>(), node);
  }
  return out;
}

}  // namespace qkv::config
