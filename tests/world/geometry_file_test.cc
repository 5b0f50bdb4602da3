#include "world/geometry_file.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "scratch.h"

namespace qkv::world {
namespace {

base::Json a_file() {
  return base::Json::parse(R"({
    "clusters": {"animal": ["cat", "dog"], "Dr.": ["who"]},
    "analogies": [["man", "king", "woman", "queen"]],
    "senses": {"bank": {
      "river": [{"text": "the muddy bank", "begin": 10, "end": 14},
                {"text": "a bank of sand", "begin": 2, "end": 6}],
      "money": [{"text": "the rich bank", "begin": 9, "end": 13},
                {"text": "my bank", "begin": 3, "end": 7}]}}
  })");
}

Geometry geometry_in(const std::string& content) {
  const tests::Scratch scratch;
  base::write_file(scratch / "geometry.json", content);
  return read_geometry(scratch / "geometry.json");
}

TEST(GeometryFile, IsReadInItsOrder) {
  const Geometry geometry = geometry_in(a_file().dump());
  ASSERT_EQ(geometry.clusters.size(), 2U);
  EXPECT_EQ(geometry.clusters[0].name, "animal");
  EXPECT_EQ(geometry.clusters[0].words, (std::vector<std::string>{"cat", "dog"}));
  ASSERT_EQ(geometry.analogies.size(), 1U);
  EXPECT_EQ(geometry.analogies[0][2], "woman");
  ASSERT_EQ(geometry.senses.size(), 4U);
  EXPECT_EQ(geometry.senses[2].sense, "money");
  EXPECT_EQ(geometry.senses[2].text, "the rich bank");
  EXPECT_EQ(geometry.senses[2].span, (base::Span{.begin = 9, .end = 13}));
  EXPECT_EQ(senses_json(geometry.senses), a_file()["senses"]);
}

TEST(GeometryFile, NeedsNoSenses) {
  base::Json json = a_file();
  json.erase("senses");
  EXPECT_TRUE(geometry_in(json.dump()).senses.empty());
}

void expect_refused(const std::string& content, const std::string& message) {
  try {
    geometry_in(content);
    ADD_FAILURE() << content << " was accepted";
  } catch (const base::Error& error) {
    const std::string what = error.what();
    EXPECT_NE(what.find("geometry.json: " + message), std::string::npos) << what;
    EXPECT_EQ(what.find('\n'), std::string::npos);
  }
}

TEST(GeometryFile, SaysWhatIsWrongAndWhere) {
  const auto changed = [](const char* pointer, const base::Json& value) {
    base::Json json = a_file();
    json[base::Json::json_pointer(pointer)] = value;
    return json.dump();
  };
  expect_refused("", "not JSON at byte 0");
  expect_refused("[]", "found [], expected an object");
  expect_refused("{\"clusters\": {\"a\": [\"c\xFFt\"]}}", "not JSON at byte 22");
  expect_refused(R"({"analogies": []})", "clusters: found nothing");
  expect_refused(R"({"clusters": {}})", "analogies: found nothing");
  expect_refused(R"({"clusters": {}, "analogies": []})", "found no question");
  expect_refused(R"({"clusters": {}, "analogies": [], "senses": {}})", "found no question");
  expect_refused(changed("/sense", 1), "unknown key \"sense\"; did you mean \"senses\"?");
  expect_refused(changed("/clusters/animal", base::Json::array()),
                 "clusters.animal: found [], expected a list [...] of at least 1");
  expect_refused(changed("/clusters/animal/1", 7), "clusters.animal[1]: found 7, expected a text");
  expect_refused(changed("/clusters/animal/1", "cat"), "clusters.animal: found \"cat\" twice");
  expect_refused(changed("/clusters/Dr./0", "cat"),
                 "clusters.Dr.: found \"cat\", which is also in \"animal\"");
  expect_refused(changed("/analogies/0/4", "prince"),
                 "analogies[0]: found a list of 5, expected a list [...] of 4");
  expect_refused(changed("/analogies/0/3", "man"), "analogies[0]: found \"man\" twice");
  base::Json many = base::Json::array();
  for (int word = 0; word < 5000; ++word) many.push_back("w" + std::to_string(word));
  expect_refused(changed("/clusters/many", many), "clusters: found 500");
  expect_refused(
      changed("/analogies", base::Json(std::vector<base::Json>(100'001, a_file()["analogies"][0]))),
      "analogies: found a list of 100001, expected a list [...] of at most 100000");
  // Keys of the file are shown like its values.
  expect_refused(changed("/clusters/\x1b[0m", {"dog", "dog"}), "clusters.\\x1B[0m: found \"dog\"");
  expect_refused(changed("/clusters/\x1b[0m", 7), "clusters.\\x1B[0m: found 7");
  base::Json one_sense = a_file();
  one_sense["senses"]["bank"].erase("money");
  expect_refused(one_sense.dump(),
                 "senses.bank: found an object, expected an object {...} of at least 2");
  base::Json one_sentence = a_file();
  one_sentence["senses"]["bank"]["money"].erase(1);
  expect_refused(one_sentence.dump(), "senses.bank.money: found ");
  base::Json no_span = a_file();
  no_span["senses"]["bank"]["money"][1].erase("end");
  expect_refused(no_span.dump(), "senses.bank.money[1].end: found nothing");
  expect_refused(changed("/senses/bank/money/1/begin", 7),
                 "senses.bank.money[1]: found the span 7 to 7, expected a part of the text's 7");
  expect_refused(changed("/senses/bank/money/1/end", 8),
                 "senses.bank.money[1]: found the span 3 to 8");
  expect_refused(changed("/senses/bank/money/1/begin", -1), "senses.bank.money[1].begin: found -1");
  expect_refused(changed("/senses/bank/money/1/text", "m\u00fc bank"),
                 "senses.bank.money[1]: found \" ban\" in the span 3 to 7");
  expect_refused(changed("/senses/bank/money/1/text", "my ba\u20acnk"),
                 "senses.bank.money[1]: found the span 3 to 7 that cuts a character");
  expect_refused(changed("/senses/bank/money/1/text", "my\u00e9bank"),
                 "senses.bank.money[1]: found the span 3 to 7 that cuts a character");
  expect_refused(changed("/senses/bank/money/1/text", "your bank"),
                 "senses.bank.money[1]: found \"r ba\" in the span 3 to 7, expected \"bank\"");
}

}  // namespace
}  // namespace qkv::world
