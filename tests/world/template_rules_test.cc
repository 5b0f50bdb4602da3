#include "world/template_rules.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"
#include "world/grammars.h"

namespace qkv::world {
namespace {

using Change = std::function<void(base::Json& grammar, base::Json& form)>;

/// The message for the changed grammar, from the location on; "" if it is accepted.
std::string complaint(const Change& change) {
  base::Json json = binding_grammar();
  change(json, json["families"]["binding"]["templates"][0]);
  try {
    grammar_of(json);
  } catch (const base::Error& error) {
    const std::string what = error.what();
    const auto place = what.find("grammar.json: ");
    return place == std::string::npos ? what : what.substr(place + 14);
  }
  return "";
}

void expect(const std::string& message, const Change& change) {
  const std::string found = complaint(change);
  EXPECT_TRUE(found.starts_with(message)) << found << "\nexpected " << message;
}

TEST(TemplateRules, AllowWhatCanBeWritten) {
  EXPECT_EQ(complaint([](base::Json&, base::Json&) {}), "");
  EXPECT_EQ(complaint([](base::Json&, base::Json& form) {
              form["count"] = {3, 3};
              form["text"] = "{1} met {3} and {2}.";
              form["ask"][0]["of"] = 3;
            }),
            "");
  EXPECT_EQ(complaint([](base::Json& grammar, base::Json& form) {
              grammar["families"].erase("background");
              form.erase("between");
            }),
            "");
  // If there are no probes, things may be described by their slots.
  EXPECT_EQ(complaint([](base::Json& grammar, base::Json& form) {
              grammar["families"]["binding"]["probes"] = 0;
              form.erase("held_out");
              form["text"] = "{1:mood} was {2:animal}.";
            }),
            "");
}

TEST(TemplateRules, ThingsAreThereAndTold) {
  const std::string form = "families.binding.templates[0]";
  expect(form + ".text: found no {1}, expected {things}",
         [](base::Json&, base::Json& form) { form["text"] = "nobody met."; });
  expect(form + ".text: found no {3}, expected {things}", [](base::Json&, base::Json& form) {
    form["things"] = base::Json::array({form["things"][0], form["things"][0], form["things"][0]});
    form.erase("count");
    form["text"] = "{1} met {2}.";
  });
  expect(form + ".text: found {3}, expected no more than the 2 of \"things\"",
         [](base::Json&, base::Json& form) { form["text"] = "{1} met {2} and {3}."; });
  expect(form + ".things: found nothing, expected the slots of the things for \"count\"",
         [](base::Json&, base::Json& form) { form.erase("things"); });
  expect(form + ".things: found nothing, expected the slots of the things for \"ask\"",
         [](base::Json&, base::Json& form) {
           form.erase("things");
           form.erase("count");
         });
  expect(form + ".text: found {things}, expected no more than the 0",
         [](base::Json&, base::Json& form) {
           for (const char* key : {"things", "count", "ask", "held_out"}) form.erase(key);
         });
  expect(form + ".thing: found nothing, expected the phrase that {things} stands for",
         [](base::Json&, base::Json& form) { form.erase("thing"); });
  expect(form + ".count[0]: found 0, expected an integer from 1",
         [](base::Json&, base::Json& form) {
           form["count"] = {0, 2};
         });
}

TEST(TemplateRules, MarksStandInQuestionsAndPhrasesInTheText) {
  const std::string form = "families.binding.templates[0]";
  expect(form + ".text: found the mark @answer, expected marks only in \"ask\"",
         [](base::Json&, base::Json& form) { form["text"] = "{1:animal@answer} met {things}."; });
  expect(form + ".thing: found the mark @cue",
         [](base::Json&, base::Json& form) { form["thing"] = "the {mood@cue} {animal}"; });
  expect(form + ".thing: found {things}, expected phrases",
         [](base::Json&, base::Json& form) { form["thing"] = "the {things}"; });
  expect(form + ".ask[0].text: found {2}, expected phrases", [](base::Json&, base::Json& form) {
    form["ask"][0]["text"] = "{2} {animal.sound@answer}.";
  });
  for (const char* thing : {"the [", "the []", "]the {mood}[", "the [{mood}] [{animal}]"}) {
    expect(form + ".thing: found brackets",
           [&](base::Json&, base::Json& form) { form["thing"] = thing; });
  }
}

TEST(TemplateRules, ProbesComeFromQuestionsThatHoldWordsOut) {
  const std::string form = "families.binding.templates[0]";
  expect(form + ".held_out: found it without \"ask\"",
         [](base::Json&, base::Json& form) { form.erase("ask"); });
  expect("families.binding.probes: found 10, expected 0 if no question has \"held_out\"",
         [](base::Json&, base::Json& form) { form.erase("held_out"); });
  expect(form + ".held_out: found the mark @cue, expected marks only in \"ask\"",
         [](base::Json&, base::Json& form) { form["held_out"]["words"][0] = "{mood@cue}"; });
  expect(form + ".held_out: found {things}, expected phrases",
         [](base::Json&, base::Json& form) { form["held_out"]["words"][1] = "{things}"; });
  expect(form + ".candidates: found the mark @answer", [](base::Json&, base::Json& form) {
    form["candidates"] = {"{animal@answer}", "{mood}"};
  });
  expect(form + ".ask_first: found true without \"ask\"",
         [](base::Json& grammar, base::Json& form) {
           grammar["families"]["binding"]["probes"] = 0;
           form.erase("ask");
           form.erase("held_out");
           form["ask_first"] = true;
         });
}

TEST(TemplateRules, QuestionsHaveOneAnswer) {
  const std::string form = "families.binding.templates[0]";
  expect(form + ".ask[0].text: found 0 places {…@answer}, expected one",
         [](base::Json&, base::Json& form) { form["ask"][0]["text"] = "the {mood@cue} one."; });
  expect(form + ".ask[0].again: found 2 places {…@answer}, expected one",
         [](base::Json&, base::Json& form) {
           form["ask"][0]["again"] = "{animal@answer} {animal.sound@answer}.";
         });
  expect(form + ".ask[0].of: found 3, expected at most the 2 of \"things\"",
         [](base::Json&, base::Json& form) { form["ask"][0]["of"] = 3; });
  expect(form + ".ask: found nothing, expected the questions of which 3 are drawn",
         [](base::Json&, base::Json& form) {
           form["ask"] = base::Json::array();
           form.erase("held_out");
           form["asked"] = 3;
         });
}

TEST(TemplateRules, WordsAreWrittenInOneLine) {
  const auto with_word = [](const std::string& key, const std::string& sound) {
    return [=](base::Json& grammar, base::Json&) {
      grammar["words"]["animal"][key] = {{"sound", sound}};
    };
  };
  expect("words.animal.pig.sound: found \"\", expected a text that is not empty",
         with_word("pig", ""));
  expect("words.animal.pig.sound: found \"  \", expected a word", with_word("pig", "  "));
  expect("words.animal.: found \"\", expected a word", with_word("", "grunted"));
  expect("words.animal.pig\\n: found \"pig\\n\", expected no control characters",
         with_word("pig\n", "grunted"));
  expect("words.animal.pig.sound: found \"\\x1B\", expected no control characters",
         with_word("pig", "\x1B"));
}

TEST(TemplateRules, TemplatesAreWrittenInOneLineOfWords) {
  const std::string form = "families.binding.templates[0]";
  expect(
      form + ".ask[0].again: found \"{animal@answer}\\nsecond\", expected no control",
      [](base::Json&, base::Json& form) { form["ask"][0]["again"] = "{animal@answer}\nsecond"; });
  expect(form + ".join[1]: found \"\\n\"", [](base::Json&, base::Json& form) {
    form["join"] = {" ", "\n"};
  });
  expect("families: found \"a\\tb\"", [](base::Json& grammar, base::Json& form) {
    grammar["families"]["a\tb"] = {{"templates", {form}}};
  });
  expect("families.background.templates[0].text: found no words, expected some",
         [](base::Json& grammar, base::Json&) {
           grammar["families"]["background"]["templates"][0]["text"] = "  ";
         });
  expect(form + ".thing: found no words",
         [](base::Json&, base::Json& form) { form["thing"] = "[ ]"; });
}

TEST(TemplateRules, TheBackgroundIsThereAndStandsInNone) {
  expect("families.binding.templates[0].between: found 0 to 12, expected a family \"background\"",
         [](base::Json& grammar, base::Json&) { grammar["families"].erase("background"); });
  expect("families.background.templates[0].before: found 0 to 1, expected none",
         [](base::Json& grammar, base::Json&) {
           grammar["families"]["background"]["templates"][0]["before"] = {0, 1};
         });
  expect("families: found \"background\" alone, expected an ability",
         [](base::Json& grammar, base::Json&) { grammar["families"].erase("binding"); });
}

}  // namespace
}  // namespace qkv::world
