#include "world/geometry.h"

#include "base/error.h"
#include "base/format.h"

namespace qkv {
namespace {

/// The class that `key` of the grammar's geometry names.
const std::vector<Word>& class_of(const Grammar& grammar, const std::string& name,
                                  const char* key) {
  const auto found = grammar.words.find(name);
  if (found == grammar.words.end()) {
    throw Error(concat(grammar.where, ": geometry.", key, ": found the class ", quoted(name),
                       ", expected one of \"words\""));
  }
  return found->second;
}

void require_attributes(const std::vector<Word>& words, const std::vector<std::string>& attributes,
                        const std::string& where) {
  for (const Word& word : words) {
    for (const std::string& attribute : attributes) {
      if (word.attributes.contains(attribute)) continue;
      throw Error(concat(where, ": found the word ", quoted(word.text), " without ",
                         quoted(attribute), ", expected it in each word of a crossed class"));
    }
  }
}

/// Words that differ in exactly one of the attributes, e.g. man and woman.
const Word* counterpart(const std::vector<Word>& words, const Word& word,
                        const std::vector<std::string>& attributes, const std::string& changed,
                        const std::string& value) {
  for (const Word& other : words) {
    bool fits = other.attributes.at(changed) == value;
    for (const std::string& attribute : attributes) {
      if (attribute != changed && other.attributes.at(attribute) != word.attributes.at(attribute))
        fits = false;
    }
    if (fits) return &other;
  }
  return nullptr;
}

/// a : b = c : d where b changes one attribute of a, and c another. REQUIRES all attributes.
void add_crossed(const std::vector<Word>& words, const std::vector<std::string>& attributes,
                 Json& analogies) {
  for (const Word& a : words) {
    for (const std::string& one : attributes) {
      for (const std::string& two : attributes) {
        if (one == two) continue;
        for (const Word& b : words) {
          const std::string& to = b.attributes.at(one);
          if (to == a.attributes.at(one) || counterpart(words, a, attributes, one, to) != &b)
            continue;
          for (const Word& c : words) {
            const std::string& other = c.attributes.at(two);
            if (other == a.attributes.at(two) ||
                counterpart(words, a, attributes, two, other) != &c)
              continue;
            const Word* d = counterpart(words, b, attributes, two, other);
            if (d != nullptr) analogies.push_back({a.text, b.text, c.text, d->text});
          }
        }
      }
    }
  }
}

}  // namespace

Json geometry_questions(const Grammar& grammar) {
  const Json& asked = grammar.geometry;
  Json clusters = Json::object();
  for (const Json& name : asked.value("clusters", Json::array())) {
    Json members = Json::array();
    for (const Word& word : class_of(grammar, name, "clusters")) members.push_back(word.text);
    clusters[name.get<std::string>()] = members;
  }
  Json analogies = Json::array();
  for (const Json& crossed : asked.value("crossed", Json::array())) {
    const std::vector<Word>& words = class_of(grammar, crossed["words"], "crossed");
    const std::vector<std::string> attributes = crossed["attributes"];
    require_attributes(words, attributes, grammar.where + ": geometry.crossed");
    add_crossed(words, attributes, analogies);
  }
  // Pairs of one relation: cat is to kitten as dog is to puppy.
  for (const Json& relation : asked.value("relations", Json::array())) {
    const std::vector<Word>& words = class_of(grammar, relation["words"], "relations");
    const std::string attribute = relation["attribute"];
    for (const Word& a : words) {
      for (const Word& c : words) {
        if (&a == &c || !a.attributes.contains(attribute) || !c.attributes.contains(attribute))
          continue;
        analogies.push_back(
            {a.text, a.attributes.at(attribute), c.text, c.attributes.at(attribute)});
      }
    }
  }
  return {{"clusters", clusters}, {"analogies", analogies}};
}

}  // namespace qkv
