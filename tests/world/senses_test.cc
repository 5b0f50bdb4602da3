#include "world/senses.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/error.h"
#include "world/grammars.h"

namespace qkv::world {
namespace {

base::Json small_grammar() {
  return base::Json::parse(R"json({
    "lines": {"train": 1, "validation": 0},
    "words": {
      "sense": {
        "bank (river)": {"text": "bank", "domain": "river", "says": "muddy"},
        "note (money)": {"text": "note", "domain": "money", "says": "forged"},
        "bank (money)": {"text": "bank", "domain": "money", "says": "solvent"},
        "note (music)": {"text": "note", "domain": "music", "says": "shrill"}},
      "river": {"angler": {}, "miller": {}, "swimmer": {}},
      "money": {"clerk": {}, "lender": {}, "broker": {}},
      "music": {"singer": {}, "pianist": {}, "choir": {}},
      "time": {"dawn": {}}
    },
    "families": {
      "sense": {"templates": [{
        "things": [{"s": "sense", "c": "{s.domain}"}], "count": [1, 2],
        "thing": "the [{c} is near the {s}]", "join": [". ", ". "], "text": "{things}.",
        "ask": [
          {"text": "we found the {s@cue} {s.says@answer}.",
           "held_out": {"words": ["{c}", "{s}"], "within": 4}},
          {"text": "no probe asks the {s@cue} {c@answer}."}],
        "between": [0, 6]}]},
      "background": {"templates": [{"draw": {"time": "time"}, "text": "it was {time}."}]}
    },
    "geometry": {"senses": [
      {"words": ["sense"], "sense": "domain", "family": "sense", "slot": "s", "sentences": 5}]}
  })json");
}

std::vector<SenseSentence> sentences_of(const base::Json& json, std::uint64_t seed = 1) {
  base::RandomStream random(seed);
  return sense_sentences(grammar_of(json), random);
}

TEST(SenseSentences, TellTheSenseBeforeTheWordAndNothingBehind) {
  const base::Json words = small_grammar()["words"];
  std::map<std::pair<std::string, std::string>, std::set<std::string>> texts;
  for (const SenseSentence& sentence : sentences_of(small_grammar())) {
    SCOPED_TRACE(sentence.text);
    texts[{sentence.word, sentence.sense}].insert(sentence.text);
    EXPECT_TRUE(sentence.text.ends_with("we found the " + sentence.word));
    EXPECT_EQ(sentence.span.end, sentence.text.size());
    EXPECT_EQ(sentence.text.substr(sentence.span.begin), sentence.word);
    const std::size_t told = sentence.text.find(" is near the " + sentence.word + ".");
    ASSERT_NE(told, std::string::npos);
    const std::size_t space = sentence.text.rfind(' ', told - 1);
    const std::string who = sentence.text.substr(space + 1, told - space - 1);
    EXPECT_TRUE(words[sentence.sense].contains(who)) << who;
  }
  EXPECT_EQ(texts.size(), 4U);
  for (const auto& [meaning, different] : texts) EXPECT_EQ(different.size(), 5U) << meaning.first;
}

TEST(SenseSentences, DependOnTheStreamAlone) {
  const base::Json one = senses_json(sentences_of(small_grammar(), 3));
  EXPECT_EQ(one.dump(), senses_json(sentences_of(small_grammar(), 3)).dump());
  EXPECT_NE(one.dump(), senses_json(sentences_of(small_grammar(), 4)).dump());
}

TEST(SenseSentences, AreNoneUnlessAsked) {
  base::Json json = small_grammar();
  json.erase("geometry");
  EXPECT_TRUE(sentences_of(json).empty());
}

// Each meaning has 3 people, and no others are described.
TEST(SenseSentences, EndWhereThereAreTooFew) {
  base::Json json = small_grammar();
  base::Json& form = json["families"]["sense"]["templates"][0];
  form["count"] = {1, 1};
  form["between"] = {0, 0};
  json["geometry"]["senses"][0]["sentences"] = 3;
  EXPECT_EQ(sentences_of(json).size(), 12U);
  json["geometry"]["senses"][0]["sentences"] = 4;
  EXPECT_THROW(sentences_of(json), base::Error);
}

TEST(SenseSentences, SayWhatDoesNotFit) {
  const auto refused = [](const char* pointer, const base::Json& value, const std::string& named) {
    base::Json json = small_grammar();
    json[base::Json::json_pointer(pointer)] = value;
    try {
      sentences_of(json);
      ADD_FAILURE() << pointer << " was accepted";
    } catch (const base::Error& error) {
      EXPECT_NE(std::string(error.what()).find(named), std::string::npos) << error.what();
    }
  };
  refused("/geometry/senses/0/words/0", "beast", "the class \"beast\"");
  refused("/geometry/senses/0/sense", "colour", "\"bank\" without \"colour\"");
  refused("/geometry/senses/0/family", "order", "the family \"order\"");
  refused("/geometry/senses/0/slot", "q", "the slot \"q\"");
  refused("/geometry/senses/0/slot", "c", "has no \"domain\"");
  refused("/geometry/senses/0/sentences", 1, "sentences");
  refused("/geometry/senses/0/place", 1, "place");
  refused("/words/sense/bank (money)/domain", "river", "\"bank\" in one sense");
  refused("/families/sense/templates/0/ask/0/text", "we found the {c@cue} {s.says@answer}.",
          "found 0 sentences");
}

}  // namespace
}  // namespace qkv::world
