#include "evaluate/geometry/geometry.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/utf8.h"
#include "evaluate/geometry/geometry_plot.h"
#include "evaluate/geometry/geometry_report.h"
#include "evaluate/letters.h"
#include "evaluate/plot.h"
#include "spec/initial_weights.h"

namespace qkv::evaluate {
namespace {

world::SenseSentence sentence_with(const std::string& text, const std::string& sense) {
  return {.word = "h", .sense = sense, .text = text, .span = {.begin = 2, .end = 3}};
}

class WordGeometry : public ::testing::Test {
 protected:
  /// Width 16, as in the model: the given numbers, then zeros.
  static std::vector<double> vector(std::vector<double> first) {
    first.resize(16);
    return first;
  }

  /// The model made by hand, with these embeddings.
  static checkpoint::Checkpoint checkpoint_with_clusters() {
    text::Tokenizer tokenizer = tests::letter_tokenizer();
    const spec::ModelConfig config = tests::hand_made_config();
    std::vector<base::Array> weights = tests::hand_made_weights(tokenizer, config);
    weights[0] = tests::letter_table(tokenizer, {{'a', vector({9, 1, 1})},
                                                 {'b', vector({9, 1, -1})},
                                                 {'c', vector({9, -1, 1})},
                                                 {'d', vector({9, -1, -1})},
                                                 {'e', vector({0, 9, 1})},
                                                 {'f', vector({0, 9, -1})}});
    return tests::checkpoint_of(std::move(tokenizer), config, std::move(weights));
  }

  GeometryScore score() const { return evaluate_geometry(checkpoint_, geometry_, 1); }

  checkpoint::Checkpoint checkpoint_ = checkpoint_with_clusters();
  world::Geometry geometry_{
      .clusters = {{.name = "first", .words = {"a", "b", "c", "d", "zebra"}},
                   {.name = "second", .words = {"e", "f"}},
                   {.name = "gone", .words = {"yak"}}},
      .analogies = {{{"a", "b", "c", "d"}}, {{"a", "b", "c", "ox"}}},
      .senses = {sentence_with("a h", "after a"), sentence_with("a h", "after a"),
                 sentence_with("b h", "after b"), sentence_with("b h", "after b")},
      .where = "geometry.json"};
};

TEST_F(WordGeometry, ConstructedEmbeddingsAnswerAll) {
  const GeometryScore found = score();
  EXPECT_EQ(found.words, 6U);
  EXPECT_EQ(found.now.neighbours.words, 6U);
  EXPECT_EQ(found.now.neighbours.precision.listed, 1);
  EXPECT_EQ(found.now.purity, 1);
  EXPECT_EQ(found.now.groups,
            (std::vector<std::vector<std::string>>{{"a", "b", "c", "d"}, {"e", "f"}}));
  EXPECT_GT(found.now.chance_purity, 4.0 / 6 - 0.1);
  EXPECT_LT(found.now.chance_purity, 0.9);
  EXPECT_EQ(found.now.analogies.accuracy.listed, 1);
  ASSERT_EQ(found.senses.size(), 1U);
  EXPECT_EQ(found.senses[0].depths.size(), 2U);
}

TEST_F(WordGeometry, WordsThatAreNoPieceAreSkippedAndCounted) {
  const GeometryScore found = score();
  EXPECT_EQ(found.skipped, (std::vector<std::string>{"zebra", "yak", "ox"}));
  EXPECT_EQ(found.skipped_analogies, 1U);
  ASSERT_EQ(found.analogies.size(), 1U);
  EXPECT_EQ(found.analogies[0][3], "d");
  EXPECT_EQ(found.now.neighbours.clusters.size(), 2U);
  const std::string text = geometry_text(found);
  EXPECT_NE(
      text.find("skipped: 3 of 9 words and 1 of 2 analogies; these words are not one piece of "
                "the tokenizer:\n  zebra, yak, ox\n"),
      std::string::npos)
      << text;
}

TEST_F(WordGeometry, NothingLeftIsAnError) {
  geometry_.clusters = {{.name = "gone", .words = {"yak", "zebra"}}};
  geometry_.analogies.clear();
  try {
    score();
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(std::string(error.what()),
              "geometry.json: found 2 words, e.g. \"yak\", none of which is one piece of this "
              "tokenizer; expected at least one");
  }
}

TEST_F(WordGeometry, WithoutAFirstCheckpointTheStartIsFresh) {
  const GeometryScore found = score();
  EXPECT_EQ(found.start_checkpoint, "");
  checkpoint::Checkpoint untrained = tests::hand_made_checkpoint();
  const std::int64_t vocabulary = untrained.tokenizer.size();
  untrained.model = std::make_unique<engine::Model>(
      untrained.config.model, vocabulary,
      spec::initial_weights(spec::WeightList(untrained.config.model, vocabulary),
                            untrained.config.seed));
  const GeometryScore alone = evaluate_geometry(untrained, geometry_, 1);
  EXPECT_EQ(found.start.neighbours.precision.all, alone.now.neighbours.precision.all);
  EXPECT_EQ(found.start.groups, alone.now.groups);
  EXPECT_EQ(found.start_senses[0].depths[1].same, alone.senses[0].depths[1].same);
  // The hand-made embeddings lie in groups, fresh ones do not.
  EXPECT_NE(found.start.groups, found.now.groups);
}

TEST_F(WordGeometry, TheReportSaysWhatWasMeasured) {
  geometry_.clusters[1].words = {"e", "f", "g"};  // g is opposite to e and f
  const GeometryScore found = score();
  const std::string text = geometry_text(found);
  for (const char* part :
       {"neighbours, of the listed words", "purity of clusters", "analogies, of all words",
        "start: fresh weights", "embedding", "layer 0", "1 words in 4 sentences"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    EXPECT_LE(base::display_width(text.substr(begin, end - begin)), 100U);
    begin = end + 1;
  }
  const base::Json json = geometry_json(found);
  EXPECT_TRUE(json["start_checkpoint"].is_null());
  EXPECT_EQ(json["neighbours"]["precision"], found.now.neighbours.precision.listed);
  EXPECT_EQ(json["neighbours"]["start_precision_unrestricted"],
            found.start.neighbours.precision.all);
  EXPECT_EQ(json["neighbours"]["clusters"]["second"]["words"], 3);
  EXPECT_EQ(json["neighbours"]["clusters"]["second"]["strangers"].size(),
            found.now.neighbours.clusters[1].strangers.size());
  EXPECT_EQ(json["purity"]["guessing"], found.now.chance_purity);
  EXPECT_EQ(json["analogies"]["answers"][0]["found"], "d");
  EXPECT_EQ(json["senses"]["depths"].size(), 2U);
  EXPECT_EQ(json["senses"]["words"]["h"]["depths"][1]["start_same"],
            found.start_senses[0].depths[1].same);
}

TEST_F(WordGeometry, WhatIsNotAskedIsNotReported) {
  geometry_.clusters.clear();
  geometry_.analogies.clear();
  const GeometryScore senses_only = score();
  EXPECT_EQ(geometry_text(senses_only).find("neighbours"), std::string::npos);
  EXPECT_TRUE(geometry_json(senses_only)["purity"]["purity"].is_number_float());
  EXPECT_EQ(base::Json::parse(geometry_json(senses_only).dump())["purity"]["purity"], base::Json());
  geometry_.analogies = {{{"a", "b", "c", "d"}}};
  geometry_.senses.clear();
  const GeometryScore analogies_only = score();
  EXPECT_FALSE(geometry_json(analogies_only).contains("senses"));
  EXPECT_EQ(geometry_text(analogies_only).find("purity of"), std::string::npos);
}

Answers answers_of(const std::string& name, const GeometryScore& score) {
  return {.checkpoint = name,
          .step = 7,
          .causal = true,
          .score = {},
          .pairs = {},
          .probes = {},
          .findings = {},
          .geometry = score};
}

TEST_F(WordGeometry, ThePlotShowsSharesAndSensesByDepth) {
  const GeometryScore found = score();
  const render::ChartPage page = geometry_plot({answers_of("runs/a", found)});
  EXPECT_EQ(page.subtitle, "runs/a · step 7");
  ASSERT_EQ(page.panels.size(), 3U);
  EXPECT_EQ(page.panels[0].categories.size(), 5U);
  EXPECT_EQ(page.panels[0].series[0].values[2], found.now.purity);
  EXPECT_EQ(page.panels[0].series[1].values[0], found.start.neighbours.precision.listed);
  EXPECT_EQ(page.panels[0].reference->values[3], found.now.analogies.guessing.listed);
  EXPECT_EQ(page.panels[1].categories, (std::vector<std::string>{"embedding", "layer 0"}));
  EXPECT_EQ(page.panels[1].series[1].values[1], found.senses[0].depths[1].other);
  EXPECT_EQ(page.panels[2].series[0].values[1], found.senses[0].depths[1].accuracy);
  EXPECT_EQ(page.panels[2].reference->values, (std::vector<double>{0.5, 0.5}));

  const render::ChartPage both =
      geometry_plot({answers_of("runs/a", found), answers_of("runs/b", found)});
  EXPECT_EQ(both.columns, 2);
  ASSERT_EQ(both.panels.size(), 6U);
  EXPECT_EQ(both.panels[1].title, "Embeddings · runs/b · step 7");
}

TEST_F(WordGeometry, TheGeometryStandsBelowTheProbes) {
  Answers answers = answers_of("runs/a", score());
  EXPECT_EQ(report_plot({answers}).panels.size(), 3U);
  const ProbeCount count{.probes = 4, .correct = 2, .unrestricted = 1, .chance = 2};
  answers.probes = {
      {.family = "copy", .count = count, .bands = {{.least = 0, .most = 5, .count = count}}}};
  const render::ChartPage page = report_plot({answers});
  ASSERT_EQ(page.panels.size(), 5U);
  EXPECT_EQ(page.columns, 1);
  EXPECT_EQ(page.panels[2].title, "Embeddings");
}

}  // namespace
}  // namespace qkv::evaluate
