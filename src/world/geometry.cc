#include "world/geometry.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.h"
#include "base/format.h"

namespace qkv::world {
namespace {

/// The class with the name in `key` of the grammar's geometry.
const std::vector<Word>& class_of(const Grammar& grammar, const std::string& name,
                                  const char* key) {
  const auto found = grammar.words.find(name);
  if (found == grammar.words.end()) {
    throw base::Error(base::concat(grammar.where, ": geometry.", key, ": found the class ",
                                   base::quoted(name), ", expected one of \"words\""));
  }
  return found->second;
}

void require_attributes(const std::vector<Word>& words, const std::vector<std::string>& attributes,
                        const std::string& where) {
  for (const Word& word : words) {
    for (const std::string& attribute : attributes) {
      if (word.attributes.contains(attribute)) continue;
      throw base::Error(base::concat(where, ": found the word ", base::quoted(word.text),
                                     " without ", base::quoted(attribute),
                                     ", expected it in each word of a crossed class"));
    }
  }
}

/// The time for crossing is proportional to the square of the number of words.
void require_crossable(const std::vector<Word>& words, const std::string& where) {
  constexpr std::size_t kMostCrossed = 1000;
  if (words.size() <= kMostCrossed) return;
  throw base::Error(base::concat(where, ": found a class of ", words.size(),
                                 " words, expected at most ", kMostCrossed));
}

/// The words of a class by their attributes. Among words with the same attributes, the first one
/// counts.
class CrossedWords {
 public:
  /// REQUIRES all attributes in each word.
  CrossedWords(const std::vector<Word>& words, std::vector<std::string> attributes)
      : attributes_(std::move(attributes)) {
    for (const Word& word : words) {
      words_.emplace(values_of(word), &word);
      for (const std::string& attribute : attributes_) {
        std::vector<const Word*>& alike = alike_[{attribute, values_of(word, attribute)}];
        const auto same = [&](const Word* other) {
          return other->attributes.at(attribute) == word.attributes.at(attribute);
        };
        if (std::none_of(alike.begin(), alike.end(), same)) alike.push_back(&word);
      }
    }
  }

  const std::vector<std::string>& attributes() const { return attributes_; }

  /// The words that differ from this one in at most one attribute, for example man and woman, in
  /// their order.
  const std::vector<const Word*>& counterparts(const Word& word,
                                               const std::string& attribute) const {
    return alike_.at({attribute, values_of(word, attribute)});
  }

  /// The word that differs from `word` only in the value of one attribute; nullptr if there is
  /// none.
  const Word* counterpart(const Word& word, const std::string& changed,
                          const std::string& value) const {
    const auto found = words_.find(values_of(word, changed, value));
    return found == words_.end() ? nullptr : found->second;
  }

 private:
  using Values = std::vector<std::string>;

  /// The attributes' values, with one of them replaced.
  Values values_of(const Word& word, const std::string& changed = "",
                   const std::string& value = "") const {
    Values values;
    for (const std::string& attribute : attributes_)
      values.push_back(attribute == changed ? value : word.attributes.at(attribute));
    return values;
  }

  std::vector<std::string> attributes_;
  std::map<Values, const Word*> words_;
  std::map<std::pair<std::string, Values>, std::vector<const Word*>> alike_;
};

/// Analogies, up to the limit.
class Analogies {
 public:
  explicit Analogies(const Grammar& grammar) : grammar_(grammar) {}

  void add(const std::string& a, const std::string& b, const std::string& c, const std::string& d) {
    if (json_.size() == kMost) {
      throw base::Error(
          base::concat(grammar_.where, ": geometry: found more than ", base::with_commas(kMost),
                       " analogies, expected fewer words in the classes that cross or relate"));
    }
    json_.push_back({a, b, c, d});
  }

  const base::Json& json() const { return json_; }

 private:
  static constexpr std::size_t kMost = 100'000;

  const Grammar& grammar_;
  base::Json json_ = base::Json::array();
};

/// a : b = c : d where b changes one attribute of a, and c another.
void add_crossed(const std::vector<Word>& words, const CrossedWords& crossed,
                 Analogies& analogies) {
  for (const Word& a : words) {
    for (const std::string& one : crossed.attributes()) {
      for (const std::string& two : crossed.attributes()) {
        if (one == two) continue;
        for (const Word* b : crossed.counterparts(a, one)) {
          if (b->attributes.at(one) == a.attributes.at(one)) continue;
          for (const Word* c : crossed.counterparts(a, two)) {
            const std::string& other = c->attributes.at(two);
            if (other == a.attributes.at(two)) continue;
            const Word* d = crossed.counterpart(*b, two, other);
            if (d != nullptr) analogies.add(a.text, b->text, c->text, d->text);
          }
        }
      }
    }
  }
}

}  // namespace

base::Json geometry_questions(const Grammar& grammar) {
  const base::Json& asked = grammar.geometry;
  base::Json clusters = base::Json::object();
  for (const base::Json& name : asked.value("clusters", base::Json::array())) {
    base::Json members = base::Json::array();
    for (const Word& word : class_of(grammar, name, "clusters")) members.push_back(word.text);
    clusters[name.get<std::string>()] = members;
  }
  Analogies analogies(grammar);
  for (const base::Json& crossed : asked.value("crossed", base::Json::array())) {
    const std::vector<Word>& words = class_of(grammar, crossed["words"], "crossed");
    const std::vector<std::string> attributes = crossed["attributes"];
    const std::string where = grammar.where + ": geometry.crossed";
    require_attributes(words, attributes, where);
    require_crossable(words, where);
    add_crossed(words, CrossedWords(words, attributes), analogies);
  }
  // Pairs with the same relation: cat is to kitten as dog is to puppy.
  for (const base::Json& relation : asked.value("relations", base::Json::array())) {
    const std::vector<Word>& words = class_of(grammar, relation["words"], "relations");
    const std::string attribute = relation["attribute"];
    for (const Word& a : words) {
      for (const Word& c : words) {
        if (&a == &c || !a.attributes.contains(attribute) || !c.attributes.contains(attribute))
          continue;
        analogies.add(a.text, a.attributes.at(attribute), c.text, c.attributes.at(attribute));
      }
    }
  }
  return {{"clusters", clusters}, {"analogies", analogies.json()}};
}

}  // namespace qkv::world
