#include "world/generator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <regex>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "scratch.h"
#include "world/geometry.h"
#include "world/geometry_file.h"
#include "world/grammars.h"

namespace qkv::world {
namespace {

using tests::Scratch;

std::string at(const Probe& probe, const base::Span& span) {
  return probe.text.substr(span.begin, span.end - span.begin);
}

/// Runs of letters.
std::size_t words_in(const std::string& text) {
  const std::regex word("[a-z]+");
  return static_cast<std::size_t>(
      std::distance(std::sregex_iterator(text.begin(), text.end(), word), std::sregex_iterator()));
}

TEST(Generator, ASeedMakesOneWorld) {
  const Grammar grammar = grammar_of(binding_grammar());
  const World one = generate_world(grammar, 7);
  const World same = generate_world(grammar, 7);
  const World other = generate_world(grammar, 8);
  EXPECT_EQ(one.train, same.train);
  EXPECT_EQ(one.validation, same.validation);
  EXPECT_NE(one.train, other.train);
  EXPECT_EQ(one.train.size(), 200U);
  EXPECT_EQ(one.validation.size(), 20U);
  EXPECT_EQ(one.probes.size(), 10U);
}

TEST(Generator, ProbesSayWhatTheyMean) {
  const base::Json json = binding_grammar();
  for (const Probe& probe : generate_world(grammar_of(json), 1).probes) {
    SCOPED_TRACE(probe.text);
    EXPECT_EQ(probe.family, "binding");
    EXPECT_EQ(at(probe, probe.predict), probe.answer);
    // The truth is the phrase of the held-out pair; the answer is its animal's sound.
    ASSERT_EQ(probe.truth.size(), 1U);
    EXPECT_EQ(at(probe, probe.truth[0]), probe.held_out[0] + " " + probe.held_out[1]);
    EXPECT_EQ(json["words"]["animal"][probe.held_out[1]]["sound"], probe.answer);
    // The cue, and the word before the answer.
    ASSERT_EQ(probe.query.size(), 2U);
    EXPECT_EQ(at(probe, probe.query[0]), probe.held_out[0]);
    EXPECT_EQ(at(probe, probe.query[1]), "one");
    EXPECT_GE(probe.distractors.size(), 1U);
    EXPECT_EQ(probe.candidates.size(), probe.distractors.size() + 1);
    const std::string between =
        probe.text.substr(probe.truth[0].end, probe.predict.begin - probe.truth[0].end);
    EXPECT_EQ(probe.distance, words_in(between));
  }
}

TEST(Generator, NoLineJoinsWhatProbesJoin) {
  const World world = generate_world(grammar_of(binding_grammar()), 1);
  std::set<std::string> lines(world.train.begin(), world.train.end());
  lines.insert(world.validation.begin(), world.validation.end());
  EXPECT_EQ(lines.size(), 220U);
  for (const Probe& probe : world.probes) {
    const std::string pair = probe.held_out[0] + " " + probe.held_out[1];
    for (const std::string& line : lines) EXPECT_EQ(line.find(pair), std::string::npos) << line;
  }
}

// The pairs are searched between spaces, so that even the oddest letters are found.
TEST(Generator, NoLineJoinsWhatProbesJoinInAnyAlphabet) {
  base::Json json = binding_grammar();
  base::Json& animals = json["words"]["animal"];
  animals = base::Json::object();
  for (const char* animal : {"épig", "鳥", "hen9", "кот", "Ox", "bee", "cow", "owl"})
    animals[animal] = {{"sound", animal + std::string("ed")}};
  const World world = generate_world(grammar_of(json), 1);
  for (const Probe& probe : world.probes) {
    const std::string pair = ' ' + probe.held_out[0] + ' ' + probe.held_out[1];
    for (const std::string& line : world.train) {
      for (const char* end : {" ", ",", "."})
        EXPECT_EQ(line.find(pair + end), std::string::npos) << line;
    }
  }
}

TEST(Generator, HeldOutWordsAreSingle) {
  for (const char* animal : {"polar pig", "pig-x", "pig’s"}) {
    base::Json json = binding_grammar();
    json["words"]["animal"] = {{animal, {{"sound", "grunted"}}}, {"cow", {{"sound", "mooed"}}}};
    json["families"]["binding"]["templates"][0]["count"] = {2, 2};
    try {
      generate_world(grammar_of(json), 1);
      ADD_FAILURE() << animal << " was accepted";
    } catch (const base::Error& error) {
      const std::string what = error.what();
      EXPECT_NE(what.find("grammar.json: families.binding.templates[0].held_out: found \"" +
                          std::string(animal) + "\", expected a single word"),
                std::string::npos)
          << what;
    }
  }
}

TEST(Generator, LinesReadAsEnglish) {
  bool an = false;
  for (const std::string& line : generate_world(grammar_of(binding_grammar()), 1).train) {
    EXPECT_EQ(line.find("a(n)"), std::string::npos);
    EXPECT_EQ(line.find("  "), std::string::npos);
    EXPECT_EQ(line.find("a angry"), std::string::npos);
    EXPECT_EQ(line.find("an sad"), std::string::npos);
    EXPECT_EQ(line.back(), '.');
    an |= line.find("an idle") != std::string::npos;
  }
  EXPECT_TRUE(an);
}

TEST(Generator, GeometryAsksWhatTheWordsCross) {
  const base::Json questions = geometry_questions(grammar_of(binding_grammar()));
  EXPECT_EQ(questions["clusters"]["animal"].size(), 8U);
  // Each of 4 people, with 2 orders of the 2 attributes.
  EXPECT_EQ(questions["analogies"].size(), 8U);
  const base::Json expected = base::Json::array({"man", "king", "woman", "queen"});
  EXPECT_NE(std::find(questions["analogies"].begin(), questions["analogies"].end(), expected),
            questions["analogies"].end());
}

TEST(Generator, NamesTheGrammarsFileAndKey) {
  const auto refused = [](const std::string& message, const base::Json& change) {
    base::Json json = binding_grammar();
    json.merge_patch(change);
    try {
      generate_world(grammar_of(json), 1);
      ADD_FAILURE() << change << " was accepted";
    } catch (const base::Error& error) {
      EXPECT_NE(std::string(error.what()).find("grammar.json: " + message), std::string::npos)
          << error.what();
    }
  };
  refused("geometry.clusters: found the class \"plant\", expected one of",
          {{"geometry", {{"clusters", {"plant"}}}}});
  refused("geometry: clusters.pet: found \"cat\", which is also in \"animal\"",
          {{"words", {{"pet", {{"cat", base::Json::object()}}}}},
           {"geometry", {{"clusters", {"animal", "pet"}}}}});
  refused("geometry.crossed: found the word \"man\" without \"rank\"",
          {{"words", {{"person", {{"man", {{"rank", nullptr}}}}}}}});
  base::Json mute = {{"templates", {{{"text", "it rained."}}}}};
  refused("families.binding.probes: found 10, expected 0 if no question has \"held_out\"",
          {{"families", {{"binding", mute}}}});
  mute["probes"] = 0;
  refused("lines: found 1 different lines", {{"families", {{"binding", mute}}}});
}

// A held-out pair that its probe does not join would hold nothing out.
TEST(Generator, ProbesJoinWhatTheyHoldOut) {
  base::Json json = binding_grammar();
  base::Json& form = json["families"]["binding"]["templates"][0];
  form["ask"][0]["held_out"] = {{"words", {"{animal}", "{mood}"}}, {"within", 1}};
  form.erase("held_out");
  try {
    generate_world(grammar_of(json), 1);
    ADD_FAILURE() << "was accepted";
  } catch (const base::Error& error) {
    EXPECT_NE(std::string(error.what()).find("templates[0].ask[0].held_out: found \""),
              std::string::npos)
        << error.what();
  }
}

TEST(Generator, OnePairInSoManyIsHeldOut) {
  base::Json json = binding_grammar();
  const auto pairs = [&](int one_in) {
    json["families"]["binding"]["templates"][0]["held_out"]["one_in"] = one_in;
    json["families"]["binding"]["probes"] = 300;
    std::set<std::string> found;
    for (const Probe& probe : generate_world(grammar_of(json), 1).probes)
      found.insert(probe.held_out[0] + ' ' + probe.held_out[1]);
    return found.size();
  };
  // Of 64, 21 and 8 are expected, within 3.8 and 2.6.
  EXPECT_NEAR(static_cast<double>(pairs(3)), 21, 12);
  EXPECT_NEAR(static_cast<double>(pairs(8)), 8, 8);
}

TEST(Generator, RefusesAGrammarThatCannotBe) {
  const auto refused = [](const char* pointer, const base::Json& value, const char* named) {
    base::Json json = binding_grammar();
    json[base::Json::json_pointer(pointer)] = value;
    try {
      generate_world(grammar_of(json), 1);
      ADD_FAILURE() << pointer << " was accepted";
    } catch (const base::Error& error) {
      EXPECT_NE(std::string(error.what()).find(named), std::string::npos) << error.what();
    }
  };
  const std::string form = "/families/binding/templates/0";
  refused((form + "/colour").c_str(), 1, "colour");
  refused((form + "/asked").c_str(), 0, "asked");
  refused((form + "/text").c_str(), "{things", "text");
  refused((form + "/thing").c_str(), "{tail}", "tail");
  refused((form + "/things/0/animal").c_str(), "beast", "beast");
  refused((form + "/ask/0/text").c_str(), "the {mood@cue} one.", "answer");
  refused((form + "/ask/0/text").c_str(), "the {mood@cue} one {animal.tail@answer}.", "tail");
  refused((form + "/count").c_str(), base::Json::array({9, 9}), "too few words");
  refused((form + "/between").c_str(), base::Json::array({9, 3}), "between");
  refused((form + "/held_out/words").c_str(), 5, "[0].held_out.words: found 5, expected a list");
  refused((form + "/held_out/width").c_str(), 5,
          "unknown key \"families.binding.templates.held_out.width\"");
  refused("/words/animal/c\nat", 5, "words.animal.c\\nat: found 5");
  refused((form + "/draw").c_str(), base::Json{{"a\x1b", "{\x1b"}}, "draw.a\\x1B: found ");
}

TEST(Generator, EndsWhereThereAreTooFewSentences) {
  base::Json json = binding_grammar();
  base::Json& form = json["families"]["binding"]["templates"][0];
  form["count"] = {2, 2};
  form["between"] = {0, 0};
  json["lines"]["train"] = 8000;
  EXPECT_THROW(generate_world(grammar_of(json), 1), base::Error);
}

std::string refusal(const base::Json& json) {
  try {
    generate_world(grammar_of(json), 1);
    return "";
  } catch (const base::Error& error) {
    return error.what();
  }
}

TEST(Generator, EndsWhereSentencesOfTheBackgroundHoldNoWord) {
  for (const char* text : {".", "!?", "😀", "— …"}) {
    base::Json json = binding_grammar();
    json["families"]["background"]["templates"] = {{{"text", text}}};
    const std::string message = refusal(json);
    EXPECT_NE(message.find(std::string("templates[0].between: found \"") + text + '"'),
              std::string::npos)
        << message;
  }
  // Punctuation inside a word does no harm, nor does a background without words that only comes
  // before the sentence.
  base::Json json = binding_grammar();
  json["families"]["background"]["templates"] = {{{"text", "it isn't o'clock."}}};
  EXPECT_EQ(refusal(json), "");
  json = binding_grammar();
  json["families"]["background"]["templates"] = {{{"text", "!?"}}};
  json["families"]["binding"]["templates"][0]["between"] = {0, 0};
  json["families"]["binding"]["templates"][0]["before"] = {0, 3};
  EXPECT_EQ(refusal(json), "");
}

TEST(Generator, RefusesWhatWouldGrowTooLarge) {
  const auto expect = [](const base::Json& json, const std::string& words) {
    const std::string message = refusal(json);
    EXPECT_NE(message.find(words), std::string::npos) << message;
  };
  base::Json json = binding_grammar();
  base::Json& form = json["families"]["binding"]["templates"][0];
  form["between"] = {900, 1000};
  json["families"]["background"]["templates"] = {{{"text", std::string(2000, 'x')}}};
  expect(json, "binding.templates[0]: found lines of up to 2.");
  form["between"] = {0, 0};
  form["things"][0]["mood"] = "*mood";
  form["things"][0]["animal"] = "*animal";
  form["count"] = {1, 1000};  // a question about each, with the answers of all as candidates
  expect(json, "binding.templates[0]: found lines of up to ");

  json = binding_grammar();
  json["families"]["background"]["templates"] = {{{"text", std::string(500, 'x')}}};
  json["families"]["binding"]["templates"][0]["before"] = {2, 4};
  json["lines"]["train"] = 1'000'000;
  expect(json, "lines: found 256 different lines, of which 1000020 would take about ");
  json["lines"]["train"] = 1'000'001;
  expect(json, "lines.train");
}

TEST(Generator, AsksAsManyAnalogiesAsMayBe) {
  base::Json json = binding_grammar();
  base::Json words = base::Json::object();
  for (int word = 0; word < 317; ++word) words["w" + std::to_string(word)] = {{"of", "x"}};
  json["words"]["many"] = words;
  json["geometry"] = {{"relations", {{{"words", "many"}, {"attribute", "of"}}}}};
  EXPECT_NE(refusal(json).find("geometry: found more than 100,000 analogies"), std::string::npos);
  words = base::Json::object();
  for (int word = 0; word < 1001; ++word)
    words["w" + std::to_string(word)] = {{"a", "x"}, {"b", std::to_string(word)}};
  json["words"]["many"] = words;
  json["geometry"] = {{"crossed", {{{"words", "many"}, {"attributes", {"a", "b"}}}}}};
  EXPECT_NE(refusal(json).find("found a class of 1001 words, expected at most 1000"),
            std::string::npos);
}

// A scene of 1000 things, each a different word of a class of this size.
TEST(Generator, DrawsManyThings) {
  base::Json json = binding_grammar();
  base::Json words = base::Json::object();
  for (int word = 0; word < 1000; ++word) words["w" + std::to_string(word)] = {{"as", "y"}};
  json["words"]["many"] = words;
  json["lines"] = {{"train", 3}, {"validation", 0}};
  json["families"] = {{"many",
                       {{"templates",
                         {{{"things", {{{"word", "many"}}}},
                           {"count", {990, 990}},
                           {"thing", "{word}"},
                           {"text", "{things}."}}}}}}};
  EXPECT_EQ(generate_world(grammar_of(json), 1).train.size(), 3U);
}

// When the article is chosen, the text before it has already been marked.
TEST(Generator, SpansEndWhereTheArticleEnds) {
  for (const auto& [thing, ends] : std::vector<std::pair<std::string, std::string>>{
           {"[{animal} is a(n)] {mood} one", " is a"},
           {"[{animal} is a(n) ]{mood} one", " is a "},
           {"the [{animal}] is a(n) {mood} one", ""}}) {
    base::Json json = binding_grammar();
    base::Json& form = json["families"]["binding"]["templates"][0];
    form["thing"] = thing;
    form["held_out"] = {{"words", {"{animal}", "{mood}"}}, {"within", 3}};
    form["ask"][0]["text"] = "the {animal@cue} {mood@answer} a(n) {animal.sound}.";
    for (const Probe& probe : generate_world(grammar_of(json), 1).probes) {
      SCOPED_TRACE(probe.text);
      EXPECT_EQ(probe.text.find("a(n)"), std::string::npos);
      EXPECT_EQ(at(probe, probe.predict), probe.answer);
      for (const std::vector<base::Span>* spans : {&probe.truth, &probe.distractors}) {
        for (const base::Span& span : *spans) {
          const bool vowel =
              std::string("aeiou").find(
                  probe.text[span.end + (thing.find("a(n)]") != std::string::npos ? 1 : 0)]) !=
              std::string::npos;
          const std::string held = at(probe, span);
          if (ends.empty()) {
            EXPECT_EQ(held.find(' '), std::string::npos) << held;
          } else {
            const std::string article = vowel ? " is an" + ends.substr(5) : ends;
            EXPECT_TRUE(held.ends_with(article)) << held;
          }
        }
      }
    }
  }
}

TEST(Generator, AsksAboutEachThingUnlessANumberIsGiven) {
  base::Json json = binding_grammar();
  base::Json& form = json["families"]["binding"]["templates"][0];
  form["between"] = {0, 0};
  for (const std::string& line : generate_world(grammar_of(json), 1).train) {
    const std::size_t met = line.find(" met.");
    const auto things =
        std::count(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(met), ',') + 2;
    EXPECT_EQ(std::count(line.begin(), line.end(), '.'), 1 + things) << line;
  }
  form["asked"] = 5;
  for (const std::string& line : generate_world(grammar_of(json), 1).train)
    EXPECT_EQ(std::count(line.begin(), line.end(), '.'), 6) << line;
}

TEST(Generator, AThingsNumberIsItsOwn) {
  base::Json json = binding_grammar();
  for (const char* noun : {"key", "cup", "hat", "pot", "pan", "jar", "map", "pen", "fan", "bed"})
    json["words"]["noun"][noun] = {{"singular", noun}, {"plural", noun + std::string("s")}};
  json["words"]["one"] = base::Json::parse(R"({"singular": {"is": "is"}})");
  json["words"]["many"] = base::Json::parse(R"({"plural": {"is": "are"}})");
  json["families"]["binding"]["templates"] = base::Json::array({base::Json::parse(R"({
      "things": [{"n": "noun", "k": "one"}, {"n": "noun", "k": "many"}], "shuffle": false,
      "thing": "the {n[k]}", "text": "{1} lay by {2}.", "ask": [{"text": "here {k.is@cue} {n[k]@answer}."}],
      "between": [0, 2], "held_out": {"words": ["{1:n[k]}", "{2:n[k]}"], "within": 4}})")});
  json["families"]["binding"]["probes"] = 3;
  for (const Probe& probe : generate_world(grammar_of(json), 1).probes) {
    EXPECT_NE(probe.held_out[0].back(), 's') << probe.text;
    EXPECT_EQ(probe.held_out[1].back(), 's') << probe.text;
    EXPECT_NE(probe.text.find(probe.held_out[0] + " lay by the " + probe.held_out[1] + "."),
              std::string::npos)
        << probe.text;
  }
}

// A question may have its own held-out pair, and another may have no probes.
TEST(Generator, AQuestionHoldsOutItsOwnPair) {
  base::Json json = binding_grammar();
  base::Json& form = json["families"]["binding"]["templates"][0];
  form.erase("held_out");
  form["count"] = {2, 2};
  form["ask"] = base::Json::parse(R"([
      {"of": 1, "text": "the {mood@cue} one {animal.sound@answer}."},
      {"of": 2, "text": "the {mood@cue} {animal@answer} left.",
       "held_out": {"words": ["{mood}", "{animal}"], "within": 1}}])");
  const World world = generate_world(grammar_of(json), 1);
  EXPECT_EQ(world.probes.size(), 10U);
  for (const Probe& probe : world.probes) {
    EXPECT_EQ(at(probe, probe.query[0]), probe.held_out[0]) << probe.text;
    EXPECT_EQ(probe.answer, probe.held_out[1]) << probe.text;
    EXPECT_TRUE(probe.text.ends_with(" left.")) << probe.text;
    for (const std::string& line : world.train)
      EXPECT_EQ(line.find(probe.held_out[0] + ' ' + probe.held_out[1]), std::string::npos) << line;
  }
}

TEST(Generator, AsksBeforeItTells) {
  base::Json json = binding_grammar();
  json["families"]["binding"]["templates"][0]["ask_first"] = true;
  const World world = generate_world(grammar_of(json), 1);
  for (const std::string& line : world.train) {
    EXPECT_TRUE(line.starts_with("the ")) << line;
    EXPECT_TRUE(line.ends_with(" met.")) << line;
  }
  for (const Probe& probe : world.probes) {
    SCOPED_TRACE(probe.text);
    EXPECT_EQ(at(probe, probe.predict), probe.answer);
    EXPECT_EQ(at(probe, probe.truth[0]), probe.held_out[0] + " " + probe.held_out[1]);
    EXPECT_LT(probe.predict.end, probe.truth[0].begin);
    const std::string between =
        probe.text.substr(probe.predict.end, probe.truth[0].begin - probe.predict.end);
    EXPECT_EQ(probe.distance, words_in(between));
  }
}

TEST(Generator, TheShippedGrammarMakesItsWorld) {
  const Grammar grammar =
      read_grammar(std::filesystem::path(QKV_SOURCE_DIR) / "data/world/grammar.json");
  const World world = generate_world(grammar, 1);
  EXPECT_EQ(world.train.size(), static_cast<std::size_t>(grammar.train_lines));
  std::map<std::string, std::int64_t> probes;
  for (const Probe& probe : world.probes) ++probes[probe.family];
  for (const Family& family : grammar.families) {
    EXPECT_EQ(probes[family.name], family.probes) << family.name;
  }
  EXPECT_EQ(geometry_of(world.geometry, "").senses.size(),
            12U * 2 * 8);  // words, senses, sentences
}

}  // namespace
}  // namespace qkv::world
