#include "world/senses.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "world/effort.h"
#include "world/pick.h"
#include "world/sentence.h"

namespace qkv::world {
namespace {

constexpr std::uint64_t kTriesOfASentence = 1000;  ///< the most tries for each, on average

/// A word and its sense.
using Meaning = std::pair<std::string, std::string>;

/// The grammar's key that asks for sentences, for messages.
std::string where_asked(const Grammar& grammar) { return grammar.where + ": geometry.senses"; }

/// The meanings of the classes, in their order. Throws Error unless each word has several.
std::vector<Meaning> meanings_of(const Grammar& grammar, const std::vector<std::string>& classes,
                                 const std::string& sense) {
  const std::string where = where_asked(grammar);
  std::vector<Meaning> meanings;
  for (const std::string& words : classes) {
    const auto found = grammar.words.find(words);
    if (found == grammar.words.end()) {
      throw base::Error(base::concat(where, ": found the class ", base::quoted(words),
                                     ", expected one of \"words\""));
    }
    for (const Word& word : found->second) {
      const auto attribute = word.attributes.find(sense);
      if (attribute == word.attributes.end()) {
        throw base::Error(base::concat(where, ": found the word ", base::quoted(word.text),
                                       " without ", base::quoted(sense),
                                       ", expected it in each word of the class"));
      }
      meanings.emplace_back(word.text, attribute->second);
    }
  }
  std::map<std::string, std::set<std::string>> senses;
  for (const auto& [word, name] : meanings) senses[word].insert(name);
  for (const Meaning& meaning : meanings) {
    if (senses[meaning.first].size() < 2) {
      throw base::Error(base::concat(where, ": found the word ", base::quoted(meaning.first),
                                     " in one sense, expected at least 2"));
    }
  }
  return meanings;
}

const Family& family_of(const Grammar& grammar, const std::string& name) {
  for (const Family& family : grammar.families) {
    if (family.name == name) return family;
  }
  throw base::Error(base::concat(where_asked(grammar), ": found the family ", base::quoted(name),
                                 ", expected one of \"families\""));
}

/// Writes a template and asks about one thing, up to the cue that repeats its word; nothing if the
/// question has no such cue, or comes before the description.
std::optional<SenseSentence> draw_sentence(const Grammar& grammar, const Template& form,
                                           const Pattern& word, const Pattern& sense,
                                           base::RandomStream& random) {
  if (form.ask_first) return std::nullopt;
  const Scene scene(grammar, form, random);
  const std::size_t thing = random.below(scene.things());
  const Sentence told = write_sentence(grammar, form, scene, thing, random);
  SenseSentence out{
      .word = scene.text(word, thing), .sense = scene.text(sense, thing), .text = {}, .span = {}};
  for (const Asked& asked : told.asked) {
    if (!asked.question->held_out) continue;  // it has no probes
    for (const base::Span& cue : asked.cues) {
      if (told.text.compare(cue.begin, cue.end - cue.begin, out.word) != 0) continue;
      out.text = told.text.substr(0, cue.end);
      out.span = cue;
      return out;
    }
  }
  return std::nullopt;
}

void add_sentences(const Grammar& grammar, const base::Json& asked, base::RandomStream& random,
                   std::vector<SenseSentence>& out) {
  const std::string attribute = asked["sense"];
  const std::string slot = asked["slot"];
  const std::size_t wanted = asked["sentences"];
  const Family& family = family_of(grammar, asked["family"]);
  const std::vector<Meaning> meanings = meanings_of(grammar, asked["words"], attribute);
  const Pattern word(base::concat('{', slot, '}'), where_asked(grammar));
  const Pattern sense(base::concat('{', slot, '.', attribute, '}'), where_asked(grammar));

  std::map<Meaning, std::vector<SenseSentence>> found;
  for (const Meaning& meaning : meanings) found[meaning] = {};
  std::size_t missing = found.size() * wanted;
  Effort effort(where_asked(grammar),
                base::concat("sentences of the family ", base::quoted(family.name),
                             " that ask about ", base::quoted(slot)),
                missing, kTriesOfASentence);
  while (missing > 0) {
    effort.try_once();
    const Template& form = pick(family.templates, random);
    std::optional<SenseSentence> sentence = draw_sentence(grammar, form, word, sense, random);
    const auto place = sentence ? found.find({sentence->word, sentence->sense}) : found.end();
    if (place == found.end() || place->second.size() == wanted) continue;
    const auto same = [&](const SenseSentence& known) { return known.text == sentence->text; };
    if (std::any_of(place->second.begin(), place->second.end(), same)) continue;
    effort.found(static_cast<double>(sentence->text.size()));
    place->second.push_back(std::move(*sentence));
    --missing;
  }
  for (const Meaning& meaning : meanings) {
    std::vector<SenseSentence>& sentences = found.at(meaning);
    std::move(sentences.begin(), sentences.end(), std::back_inserter(out));
    sentences.clear();  // a meaning that the class has twice is used once
  }
}

}  // namespace

std::vector<SenseSentence> sense_sentences(const Grammar& grammar, base::RandomStream& random) {
  std::vector<SenseSentence> out;
  for (const base::Json& asked : grammar.geometry.value("senses", base::Json::array()))
    add_sentences(grammar, asked, random, out);
  return out;
}

}  // namespace qkv::world
