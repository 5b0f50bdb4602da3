#include "world/grammar.h"

#include "base/error.h"
#include "base/format.h"
#include "base/utf8.h"
#include "config/schema.h"
#include "world/line_size.h"
#include "world/template_rules.h"

namespace qkv::world {
namespace {

Pattern pattern_of(const base::Json& node, const char* key, const std::string& name) {
  if (!node.contains(key)) return {};
  return Pattern(node[key].get<std::string>(), base::concat(name, ".", key));
}

Range range_of(const base::Json& node, const char* key, const std::string& name) {
  if (!node.contains(key)) return {};
  const Range range{.least = node[key][0], .most = node[key][1]};
  if (range.least > range.most) {
    throw base::Error(base::concat(name, ".", key, ": found ", range.least, " to ", range.most,
                                   ", expected the smaller number first"));
  }
  return range;
}

/// Drawn words are never blank: a background of blanks would never be long enough.
void require_word(const std::string& text, const std::string& where) {
  base::require_printable(text, where);
  if (text.find_first_not_of(' ') == std::string::npos)
    throw base::Error(base::concat(where, ": found ", base::quoted(text), ", expected a word"));
}

/// The words of a class; `name` is its location in the grammar.
std::vector<Word> read_words(const base::Json& node, const std::string& name) {
  std::vector<Word> words;
  for (const auto& [key, value] : node.items()) {
    const std::string where = base::concat(name, '.', config::shown_key(key));
    Word word{.text = key, .attributes = {}};
    for (const auto& [attribute, text] : value.items()) {
      // Two words with the same spelling, the bank of a river and that of money, have two keys.
      (attribute == "text" ? word.text : word.attributes[attribute]) = text;
      require_word(text, base::concat(where, '.', config::shown_key(attribute)));
    }
    require_word(word.text, where);
    words.push_back(std::move(word));
  }
  return words;
}

/// {"animal": "animal", "number": "*number"}: * lets a word come again.
std::vector<Draw> draws_of(const base::Json& node, const std::string& name) {
  std::vector<Draw> draws;
  for (const auto& [slot, source] : node.items()) {
    auto words = source.get<std::string>();
    const bool repeats = words.starts_with('*');
    if (repeats) words.erase(0, 1);
    draws.push_back({.slot = slot,
                     .words = Pattern(words, base::concat(name, ".", config::shown_key(slot))),
                     .repeats = repeats});
  }
  return draws;
}

std::optional<HeldOut> held_out_of(const base::Json& node, const std::string& name) {
  if (!node.contains("held_out")) return std::nullopt;
  const base::Json& held = node["held_out"];
  const std::string where = name + ".held_out";
  return HeldOut{.first = Pattern(held["words"][0].get<std::string>(), where),
                 .second = Pattern(held["words"][1].get<std::string>(), where),
                 .within = held["within"],
                 .one_in = held.value("one_in", std::uint64_t{16}),
                 .name = where};
}

Question question_of(const base::Json& node, const std::string& name) {
  Question question{.of = node.value("of", std::size_t{0}),
                    .text = pattern_of(node, "text", name),
                    .again = pattern_of(node, "again", name),
                    .held_out = held_out_of(node, name)};
  if (question.again.empty()) question.again = question.text;
  return question;
}

Template template_of(const base::Json& node, const std::string& name) {
  Template out;
  out.name = name;
  out.share = node.value("share", 1.0);
  if (node.contains("draw")) out.shared = draws_of(node["draw"], name + ".draw");
  if (node.contains("things")) {
    for (const base::Json& thing : node["things"])
      out.things.push_back(draws_of(thing, name + ".things"));
  }
  if (node.contains("count")) out.count = range_of(node, "count", name);
  out.shuffle = node.value("shuffle", false);
  out.thing = pattern_of(node, "thing", name);
  if (node.contains("join")) {
    out.middle = node["join"][0];
    out.last = node["join"][1];
    base::require_printable(out.middle, name + ".join[0]");
    base::require_printable(out.last, name + ".join[1]");
  }
  out.text = pattern_of(node, "text", name);
  if (node.contains("ask")) {
    for (const base::Json& question : node["ask"]) {
      const std::string where = base::concat(name, ".ask[", out.questions.size(), "]");
      out.questions.push_back(question_of(question, where));
    }
  }
  out.asked = node.value("asked", std::size_t{0});
  if (node.contains("candidates")) {
    for (const base::Json& candidate : node["candidates"]) {
      out.candidates.emplace_back(candidate.get<std::string>(), name + ".candidates");
    }
  }
  // The template's own `held_out` applies to all its questions that have none.
  if (const std::optional<HeldOut> all = held_out_of(node, name)) {
    if (out.questions.empty())
      throw base::Error(name +
                        ".held_out: found it without \"ask\", expected questions for the probes");
    for (Question& question : out.questions) {
      if (!question.held_out) question.held_out = all;
    }
  }
  out.ask_first = node.value("ask_first", false);
  out.before = range_of(node, "before", name);
  out.between = range_of(node, "between", name);
  return out;
}

Family family_of(const std::string& name, const base::Json& node, const std::string& where) {
  Family family{.name = name,
                .share = node.value("share", 1.0),
                .probes = node.value("probes", std::int64_t{0}),
                .templates = {}};
  for (const base::Json& child : node["templates"]) {
    family.templates.push_back(
        template_of(child, base::concat(where, ".templates[", family.templates.size(), "]")));
  }
  return family;
}

}  // namespace

Grammar read_grammar(const std::filesystem::path& path) {
  const base::Json json = base::read_json(path);
  static const config::Schema schema(grammar_schema(), "data/world/grammar.schema.json");
  schema.check(json, "", path.string());
  const std::string file = path.string();
  Grammar grammar;
  grammar.where = file;
  grammar.train_lines = json["lines"]["train"];
  grammar.validation_lines = json["lines"]["validation"];
  for (const auto& [name, words] : json["words"].items())
    grammar.words[name] =
        read_words(words, base::concat(file, ": words.", config::shown_key(name)));
  for (const auto& [name, node] : json["families"].items()) {
    base::require_printable(name, file + ": families");
    Family family = family_of(name, node, base::concat(file, ": families.", name));
    if (name == "background") {
      grammar.background = std::move(family);
    } else {
      grammar.families.push_back(std::move(family));
    }
  }
  grammar.geometry = json.value("geometry", base::Json::object());
  if (grammar.families.empty())
    throw base::Error(file + ": families: found \"background\" alone, expected an ability");
  check_templates(grammar);
  const LineSize longest = longest_line(grammar);
  if (longest.bytes > kMostBytesOfALine) {
    throw base::Error(base::concat(longest.form, ": found lines of up to ",
                                   base::human_bytes(longest.bytes), ", expected at most ",
                                   base::human_bytes(kMostBytesOfALine)));
  }
  return grammar;
}

}  // namespace qkv::world
