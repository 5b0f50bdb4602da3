#include "world/probe.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "scratch.h"

namespace qkv::world {
namespace {

base::Json a_probe() {
  return base::Json::parse(R"({
    "id": "binding-0", "family": "binding", "text": "the shy épig and the sad cow met. the shy one oinked.",
    "predict": {"begin": 47, "end": 53}, "candidates": ["mooed", "oinked"], "answer": "oinked",
    "query": [{"begin": 39, "end": 42}], "truth": [{"begin": 4, "end": 13}],
    "distractors": [{"begin": 22, "end": 29}], "distance": 8,
    "held_out": {"words": ["shy", "épig"], "within": 1}
  })");
}

std::vector<Probe> probes_in(const std::string& content) {
  const tests::Scratch scratch;
  base::write_file(scratch / "probes.jsonl", content);
  return read_probes(scratch / "probes.jsonl");
}

void expect_refused(const base::Json& probe, const std::string& message) {
  try {
    probes_in(a_probe().dump() + "\n" + probe.dump() + "\n");
    ADD_FAILURE() << probe << " was accepted";
  } catch (const base::Error& error) {
    const std::string what = error.what();
    EXPECT_NE(what.find("probes.jsonl:2: " + message), std::string::npos) << what;
    EXPECT_EQ(what.find('\n'), std::string::npos);
  }
}

void expect_refused(const char* pointer, const base::Json& value, const std::string& message) {
  base::Json probe = a_probe();
  probe[base::Json::json_pointer(pointer)] = value;
  expect_refused(probe, message);
}

TEST(Probes, AreReadAsTheyAreWritten) {
  base::Json other = a_probe();
  other["id"] = "binding-1";
  const std::string line = a_probe().dump() + "\n";
  const std::string next = other.dump() + "\n";
  const std::vector<Probe> probes = probes_in(line + "\n" + next);
  ASSERT_EQ(probes.size(), 2U);
  EXPECT_EQ(to_lines(probes), line + next);
  EXPECT_TRUE(probes[1].where.ends_with("probes.jsonl:3")) << probes[1].where;
  base::Json least = a_probe();
  least.erase("held_out");
  least["distractors"] = base::Json::array();
  least["query"] = base::Json::array();
  EXPECT_EQ(probes_in(least.dump()).size(), 1U);
  EXPECT_EQ(to_lines(probes_in(least.dump())), least.dump() + "\n");
  EXPECT_THROW(probes_in("\n"), base::Error);
}

// Each candidate is tested in a copy of the text.
TEST(Probes, TakeNoMoreMemoryThanIsStated) {
  base::Json probe = a_probe();
  probe["text"] = probe["text"].get<std::string>() + std::string(500'000, ' ');
  for (int candidate = 0; candidate < 600; ++candidate)
    probe["candidates"].push_back("c" + std::to_string(candidate));
  expect_refused(probe, "candidates: found 301 MB of texts");
}

TEST(Probes, KeepTheirSchema) {
  base::Json misspelt = a_probe();
  misspelt.erase("distance");
  expect_refused(misspelt, "distance: found nothing, expected an integer from 0 to 1000000");
  expect_refused("/distence", 1, "unknown key \"distence\"; did you mean \"distance\"?");
  expect_refused(base::Json::array(), "found [], expected an object");
  for (const base::Json& distance :
       {base::Json(-1), base::Json(2.7), base::Json(1e30), base::Json("3"), base::Json(true)})
    expect_refused("/distance", distance, "distance: found ");
  expect_refused("/predict/begin", -3, "predict.begin: found -3, expected an integer from 0");
  expect_refused("/predict/end", 53.5, "predict.end: found 53.5, expected an integer");
  base::Json many = base::Json::array();
  for (int candidate = 0; candidate < 1000; ++candidate)
    many.push_back("c" + std::to_string(candidate));
  many.push_back("oinked");
  expect_refused("/candidates", many, "candidates: found ");
  expect_refused("/distractors",
                 base::Json(std::vector<base::Json>(1001, a_probe()["distractors"][0])),
                 "distractors: found ");
  expect_refused("/truth", base::Json::array(),
                 "truth: found [], expected a list [...] of at least 1");
  expect_refused("/candidates", {"oinked"}, "candidates: found [\"oinked\"], expected a list");
  expect_refused("/held_out/words/1", "", "held_out.words[1]: found \"\"");
}

TEST(Probes, SayWhatTheirTextHolds) {
  expect_refused("/truth/0/end", 4, "truth[0]: found the span 4 to 4, expected a part of");
  expect_refused("/query/0/end", 99, "query[0]: found the span 39 to 99, expected a part of");
  expect_refused("/truth/0/begin", 9, "truth[0]: found the span 9 to 13 that cuts a character");
  expect_refused("/truth/0/end", 9, "truth[0]: found the span 4 to 9 that cuts a character");
  expect_refused(
      "/predict/begin", 43,
      "predict: found \"one oinked\" in the span 43 to 53, expected the answer \"oinked\"");
  expect_refused("/answer", "barked", "answer: found \"barked\", expected one of the candidates");
  expect_refused("/candidates/0", "oinked", "candidates: found \"oinked\" twice");
  expect_refused("/distractors/0", {{"begin", 4}, {"end", 13}},
                 "distractors: found the span 4 to 13 of the truth, expected another");
  expect_refused("/family", "a\x1B[31m\nb",
                 "family: found \"a\\x1B[31m\\nb\", expected no control");
  expect_refused("/distance", 7,
                 "id: found \"binding-0\" again, expected an id that differs from that in ");
  expect_refused("/id", "\t", "id: found \"\\t\", expected no control characters");
}

}  // namespace
}  // namespace qkv::world
