#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <set>

#include "base/error.h"
#include "evaluate/hand_made.h"
#include "evaluate/probes/probe_attention.h"
#include "evaluate/probes/probe_controls.h"
#include "evaluate/probes/probe_edges.h"
#include "evaluate/probes/probe_findings.h"
#include "evaluate/probes/probe_json.h"
#include "evaluate/probes/probe_report.h"
#include "inspect/ablation/ablator.h"
#include "inspect/edges/intervention.h"
#include "predict/support.h"
#include "rounding.h"

namespace qkv::evaluate {
namespace {

using spec::TextLayout;
using tests::letter_probe;

class ProbeMeasures : public ::testing::Test {
 protected:
  std::vector<ProbeReading> readings(const std::vector<world::Probe>& probes) const {
    std::vector<ProbeReading> out;
    for (const world::Probe& probe : probes)
      out.push_back(
          read_probe(probe, checkpoint_.tokenizer, TextLayout::kStream, checkpoint_.config.model));
    return out;
  }
  std::vector<std::int32_t> ids(const std::string& text) const {
    return checkpoint_.tokenizer.encode(text);
  }

  checkpoint::Checkpoint checkpoint_ = tests::hand_made_checkpoint();
  /// Pairs of mirrored probes: the truth is at the position to which head 0 attends, then at
  /// another.
  std::vector<world::Probe> near_ = {letter_probe("a b c", 1, 0), letter_probe("b a c", 1, 0),
                                     letter_probe("d e f", 1, 0), letter_probe("e d f", 1, 0)};
  std::vector<world::Probe> far_ = {letter_probe("a b c", 0, 1), letter_probe("b a c", 0, 1)};
};

TEST_F(ProbeMeasures, AReadingEndsBeforeTheAnswerAndKnowsItsSpans) {
  const ProbeReading probe = readings({near_[0]})[0];
  EXPECT_EQ(probe.reading.ids, ids("\na b c"));
  EXPECT_EQ(probe.reading.targets,
            (std::vector<predict::Target>{{.place = 3, .piece = ids("b")[0]}}));
  EXPECT_EQ(probe.query, (std::vector<std::int64_t>{3}));
  EXPECT_EQ(probe.spans, (std::vector<std::vector<std::int64_t>>{{2}, {1}}));
  EXPECT_TRUE(probe.is_measurable());
}

TEST_F(ProbeMeasures, ProbesWithNothingToCompareAreNotMeasured) {
  world::Probe alone = near_[0];
  alone.distractors.clear();
  EXPECT_FALSE(readings({alone})[0].is_measurable());
  alone.distractors = {alone.predict};  // a causal model does not read it
  EXPECT_FALSE(readings({alone})[0].is_measurable());
  world::Probe mute = near_[0];
  mute.query.clear();
  EXPECT_FALSE(readings({mute})[0].is_measurable());
}

TEST_F(ProbeMeasures, ACausalModelIsAskedWhatItReads) {
  world::Probe later = near_[0];
  later.where = "later.jsonl:7";
  later.truth = {{.begin = later.predict.end, .end = later.text.size()}};
  EXPECT_EQ(askable_probes({near_[0], later}, true).size(), 1U);
  EXPECT_EQ(askable_probes({later}, false).size(), 1U);
  EXPECT_TRUE(askable_probes({}, true).empty());
  try {
    askable_probes({later}, true);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("later.jsonl: found no probe"));
  }
}

TEST_F(ProbeMeasures, AMaskedModelAsksAtTheMaskToo) {
  spec::ModelConfig masked = checkpoint_.config.model;
  masked.objective = spec::Objective::kMasked;
  const ProbeReading probe =
      read_probe(near_[0], checkpoint_.tokenizer, TextLayout::kLines, masked);
  EXPECT_EQ(probe.reading.ids[4], text::Tokenizer::kMask);  // <s> a b c <mask> . </s>
  EXPECT_EQ(probe.reading.ids.size(), 7U);
  EXPECT_EQ(probe.query, (std::vector<std::int64_t>{3, 4}));
  EXPECT_EQ(probe.reading.targets,
            (std::vector<predict::Target>{{.place = 4, .piece = ids("a b")[1]}}));
}

// At "c", position 3 of 4, head 0 attends to the previous letter, head 1 to all four uniformly. The
// scores of head 0, 80/√8 and 0, give all other weights e^-28, and those of head 1 are all 0. Only
// the roundings of a softmax, a product and means of numbers up to 1 remain: fewer than 16.
TEST_F(ProbeMeasures, AttentionToASpanIsAMeanOverTheQuery) {
  std::vector<world::Probe> probes = {near_[0], far_[0]};
  probes[0].query.push_back(near_[0].truth[0]);  // also queries at "b", which attends to "a"
  probes[0].truth.push_back(near_[0].distractors[0]);
  probes[0].distractors = {near_[0].query[0]};
  constexpr double kRounding = 16 * tests::kFloat32;
  const AttentionContrasts found = attention_contrasts(*checkpoint_.model, readings(probes), 1);
  ASSERT_EQ(found.heads.size(), 2U);
  ASSERT_EQ(found.heads[0].size(), 2U);
  EXPECT_NEAR(found.heads[0][0].truth, 1, kRounding);  // "b" from "c", "a" from "b"
  EXPECT_NEAR(found.heads[0][0].distractor, 0, kRounding);
  EXPECT_NEAR(found.heads[0][1].truth, (2.0 / 4 + 2.0 / 3) / 2, kRounding);
  EXPECT_NEAR(found.heads[0][1].distractor, 1.0 / 4 / 2, kRounding);
  EXPECT_NEAR(found.heads[1][0].truth, 0, kRounding);
  EXPECT_NEAR(found.heads[1][0].distractor, 1, kRounding);
  EXPECT_NEAR(found.rollout[1][0].truth, 0.5 * (0 + 0.25) / 2, kRounding);
  EXPECT_NEAR(found.rollout[1][0].distractor, 0.5 * (1 + 0.25) / 2, kRounding);
}

// Only the edge from "c" to the previous letter carries information, and only in head 0.
TEST_F(ProbeMeasures, CuttingHurtsWhereTheModelReads) {
  const EdgeContrasts found = edge_contrasts(*checkpoint_.model, readings({near_[0], far_[0]}),
                                             EdgeScope::kLayersAndHeads, 1);
  // By hand: h = letter "c" + √(16/2) · letter read, position; then its norm. The logits are its
  // components.
  const double gain = std::sqrt(8.0);
  const auto nats = [&](double read_b) {
    const double size = std::sqrt((1 + 1 + read_b * read_b) / 16);
    const double others = static_cast<double>(checkpoint_.tokenizer.size()) - 2;
    return read_b / size - std::log(std::exp(1 / size) + std::exp(read_b / size) + others);
  };
  // Without this edge, the softmax is uniform over the rest: "\n", "a" and "c" itself.
  EXPECT_GT(nats(gain) - nats(0), 1);
  // Each effect is a difference of two log probabilities in float32, of numbers below 8 with at
  // most ten roundings each. What head 1 reads is 0, so that cutting its edges too changes no
  // number: at most the last rounding of each, since other batches may be summed by other
  // instructions.
  constexpr double kRounding = 2 * 10 * 8 * tests::kFloat32;
  constexpr double kLastRounding = 2 * 8 * tests::kFloat32;
  for (const Contrasts* way : {&found.all, &found.layers}) {
    EXPECT_GT((*way)[0][0].truth, 1);
    EXPECT_NEAR((*way)[0][0].distractor, 0, kRounding);
    EXPECT_NEAR((*way)[1][0].truth, 0, kRounding);
  }
  EXPECT_NEAR(found.heads[0][0].truth, found.all[0][0].truth, kLastRounding);
  EXPECT_EQ(found.heads[0][1].truth, 0);
  const EdgeContrasts all =
      edge_contrasts(*checkpoint_.model, readings({near_[0]}), EdgeScope::kAll, 1);
  EXPECT_NEAR(all.all[0][0].truth, found.all[0][0].truth, kLastRounding);
  EXPECT_TRUE(all.layers.empty());
}

TEST_F(ProbeMeasures, ControlsLookWhereTheyAreTold) {
  const std::vector<ProbeReading> near = readings(near_);
  const FixedContrasts offsets = offset_contrasts(near, checkpoint_.config.model);
  EXPECT_EQ(offsets.names.front(), 1);
  EXPECT_EQ(offsets.names.size(), 8U);
  EXPECT_EQ(share_of(offsets.contrasts, 0, Half::kBoth).share, 1);  // one token before: the truth
  EXPECT_EQ(share_of(offsets.contrasts, 1, Half::kBoth).share,
            0);  // two tokens before: the distractor
  EXPECT_EQ(share_of(offsets.contrasts, 2, Half::kBoth).truth, 0);

  const FixedContrasts words = word_contrasts(near, checkpoint_.config.model);
  const auto of = [&](const std::string& letter) {
    const auto place = std::find(words.names.begin(), words.names.end(), ids("c " + letter)[1]);
    return share_of(words.contrasts, static_cast<std::size_t>(place - words.names.begin()),
                    Half::kBoth);
  };
  EXPECT_EQ(of("b").truth, 0.25);
  EXPECT_EQ(of("b").share, 0.25);  // the truth of one probe, the distractor of another
  EXPECT_EQ(of("b").distractor, 0.25);
  EXPECT_EQ(of("c").share, 0);
}

TEST_F(ProbeMeasures, RemovingTheHeadThatReadsCostsAllRemovingTheOtherNothing) {
  std::vector<const world::Probe*> near;
  for (const world::Probe& probe : near_) near.push_back(&probe);
  std::vector<const world::Probe*> far = {&far_[0], &far_[1]};
  const HeadCostProbes probes({near, far}, checkpoint_.tokenizer, TextLayout::kStream,
                              checkpoint_.config.model);
  const std::vector<HeadCosts> costs = probes.costs(*checkpoint_.model, 1);
  ASSERT_EQ(costs.size(), 2U);
  EXPECT_GE(costs[0].single[0], 50);  // its mean favours neither letter, or always the same
  EXPECT_EQ(costs[0].single[1], 0);
  EXPECT_EQ(costs[0].group, (std::vector<inspect::HeadPlace>{{.layer = 0, .head = 0}}));
  EXPECT_EQ(costs[0].group_on[0], costs[0].single[0]);
  EXPECT_TRUE(costs[1].group.empty());  // never right, so there is nothing to lose
  EXPECT_EQ(costs[1].group_on[0], 0);
}

/// A checkpoint of three layers with random weights.
checkpoint::Checkpoint random_checkpoint(spec::Objective objective) {
  text::Tokenizer tokenizer = tests::letter_tokenizer();
  spec::ModelConfig config = tests::hand_made_config();
  config.layers = 3;
  config.objective = objective;
  std::vector<base::Array> weights = tests::random_weights(config, tokenizer.size(), 3);
  return tests::checkpoint_of(std::move(tokenizer), config, std::move(weights));
}

/// Probes with all pairs of three letters as truth and distractor.
std::vector<world::Probe> many_probes() {
  std::vector<world::Probe> probes;
  for (const char* text : {"a b c", "d c a", "h e f", "b g d"}) {
    for (const auto& [truth, distractor] :
         std::vector<std::pair<std::size_t, std::size_t>>{{0, 1}, {1, 0}, {2, 1}, {0, 2}})
      probes.push_back(letter_probe(text, truth, distractor));
  }
  return probes;
}

/// log p of the targets, from one reading of the whole text.
double nats_of(const engine::Model& model, const Reading& reading, engine::Taps* taps) {
  const base::Array logits = tests::all_logits(model, reading.ids, taps);
  double nats = 0;
  for (const predict::Target& target : reading.targets) nats += tests::nats_of(logits, target);
  return nats;
}

TEST(DeepProbeMeasures, CutsAreThoseOfWholeReadings) {
  // A difference of two log probabilities in float32, of numbers below 32 with at most ten
  // roundings each.
  constexpr double kRounding = 2 * 10 * 32 * tests::kFloat32;
  for (const spec::Objective objective : spec::all<spec::Objective>()) {
    const checkpoint::Checkpoint checkpoint = random_checkpoint(objective);
    const std::vector<world::Probe> probes = many_probes();
    std::vector<ProbeReading> readings;
    for (const world::Probe& probe : probes) {
      readings.push_back(
          read_probe(probe, checkpoint.tokenizer, TextLayout::kLines, checkpoint.config.model));
    }
    const EdgeContrasts found =
        edge_contrasts(*checkpoint.model, readings, EdgeScope::kLayersAndHeads, 1);
    for (std::size_t probe = 0; probe < readings.size(); ++probe) {
      const auto expect = [&](const Contrast& contrast, std::optional<std::int64_t> layer,
                              std::optional<std::int64_t> head) {
        const double whole = nats_of(*checkpoint.model, readings[probe].reading, nullptr);
        std::vector<double> falls;
        for (const auto& span : readings[probe].spans) {
          inspect::EdgeCutter cutter(
              {.queries = readings[probe].query, .keys = span, .layer = layer, .head = head});
          falls.push_back(whole - nats_of(*checkpoint.model, readings[probe].reading, &cutter));
        }
        const Contrast expected = contrast_of(falls);
        EXPECT_NEAR(contrast.truth, expected.truth, kRounding) << objective << " " << probe;
        EXPECT_NEAR(contrast.distractor, expected.distractor, kRounding);
      };
      expect(found.all[probe][0], {}, {});
      for (std::int64_t layer = 0; layer < 3; ++layer) {
        expect(found.layers[probe][static_cast<std::size_t>(layer)], layer, {});
        for (std::int64_t head = 0; head < 2; ++head)
          expect(found.heads[probe][static_cast<std::size_t>(2 * layer + head)], layer, head);
      }
    }
  }
}

/// The share of right answers among the probes with odd numbers, in percent, without some heads, by
/// whole readings.
double accuracy_without(const std::vector<inspect::HeadPlace>& heads,
                        const inspect::PartMeans& means, const checkpoint::Checkpoint& checkpoint,
                        const std::vector<world::Probe>& probes) {
  double right = 0;
  for (std::size_t place = 1; place < probes.size(); place += 2) {
    const auto nats = [&](const std::string& candidate) {
      inspect::Ablator remover(means.replacements({heads.begin(), heads.end()}));
      const Reading reading =
          readings_of(with_candidate(probes[place], candidate), checkpoint.tokenizer,
                      TextLayout::kLines, checkpoint.config.model)
              .front();
      return nats_of(*checkpoint.model, reading, &remover);
    };
    const std::string& answer = probes[place].answer;
    const std::string& other = probes[place].candidates[0];
    if (nats(answer) > nats(other)) ++right;
  }
  return 100 * right / static_cast<double>(probes.size() / 2);
}

TEST(DeepProbeMeasures, RemovedHeadsCostWhatWholeReadingsLose) {
  for (const spec::Objective objective : spec::all<spec::Objective>()) {
    const checkpoint::Checkpoint checkpoint = random_checkpoint(objective);
    const spec::ModelConfig& config = checkpoint.config.model;
    const std::vector<world::Probe> probes = many_probes();
    std::vector<const world::Probe*> family;
    for (const world::Probe& probe : probes) family.push_back(&probe);
    const std::vector<HeadCosts> costs =
        HeadCostProbes({family}, checkpoint.tokenizer, TextLayout::kLines, config)
            .costs(*checkpoint.model, 1);

    std::set<std::pair<std::size_t, std::vector<std::int32_t>>> seen;  // each text once in a half
    std::vector<Reading> readings;
    for (std::size_t place = 0; place < probes.size(); ++place) {
      Reading reading = readings_of(with_candidate(probes[place], probes[place].answer),
                                    checkpoint.tokenizer, TextLayout::kLines, config)
                            .front();
      if (seen.emplace(place % 2, reading.ids).second) readings.push_back(std::move(reading));
    }
    std::vector<predict::ScoredRow> rows;
    for (const Reading& reading : readings) rows.push_back(reading.row());
    const inspect::PartMeans means = inspect::part_means(*checkpoint.model, rows, 1);

    const double whole = accuracy_without({}, means, checkpoint, probes);
    bool matters = false;
    for (std::size_t head = 0; head < 6; ++head) {
      const double without =
          accuracy_without({head_place(head, config)}, means, checkpoint, probes);
      EXPECT_EQ(costs[0].single[head], whole - without) << objective << " " << head;
      matters = matters || without != whole;
    }
    EXPECT_TRUE(matters);  // otherwise nothing was tested
    EXPECT_EQ(costs[0].group_on[0],
              whole - accuracy_without(costs[0].group, means, checkpoint, probes));
  }
}

TEST_F(ProbeMeasures, FindingsTellWhatWasBuilt) {
  for (world::Probe& probe : far_) probe.family = "far";
  std::vector<world::Probe> probes = near_;
  probes.insert(probes.end(), far_.begin(), far_.end());
  const ProbeStudy study(checkpoint_, probes, ProbeStudy::Scope::kAttention, 1);
  std::size_t read = 0;
  const predict::TokenCounter counter = [&](std::size_t tokens) { read += tokens; };
  const std::vector<FamilyScore> scores = study.scores(counter);
  ASSERT_EQ(scores.size(), 2U);
  EXPECT_EQ(scores[0].count.accuracy(), 1);
  EXPECT_EQ(scores[1].count.accuracy(), 0);

  const Findings findings = study.findings(scores, counter);
  EXPECT_EQ(read, study.tokens());  // otherwise, the progress bar would not end at its end
  const ProbeStudy quick(checkpoint_, probes, ProbeStudy::Scope::kAccuracy, 1);
  read = 0;
  quick.scores(counter);
  EXPECT_EQ(read, quick.tokens());
  const FamilyFindings& near = findings.families[0];
  EXPECT_EQ(near.measured, 4U);
  EXPECT_EQ(near.attention.way, 0U);
  EXPECT_EQ(near.attention.share.share, 1);
  EXPECT_EQ(near.attention.share.probes, 2U);
  EXPECT_EQ(near.attention.all, (std::vector<double>{1, 0}));
  EXPECT_EQ(near.edges.share, 1);
  EXPECT_EQ(near.edges.probes, 4U);
  EXPECT_EQ(near.edge_head.way, 0U);
  EXPECT_EQ(near.offset_tokens, 1);
  EXPECT_EQ(near.offset.share.share, 1);
  EXPECT_EQ(findings.families[1].attention.share.share, 0);
  EXPECT_EQ(findings.families[1].edges.share, 0);

  const base::Json json = probes_json(scores, findings);
  const base::Json& family = json["families"]["letters"];
  EXPECT_EQ(family["attention"]["best_head"], (base::Json{{"layer", 0}, {"head", 0}}));
  EXPECT_EQ(family["attention"]["interval"], (base::Json{1.0, 1.0}));
  EXPECT_EQ(family["edges"]["heads"], (base::Json{{1.0, 0.0}}));
  EXPECT_EQ(family["controls"]["fixed_offset"], (base::Json{{"offset", 1}, {"share", 1.0}}));
  EXPECT_EQ(family["heads"]["group"].size(), 1U);
  EXPECT_EQ(family["heads"]["group_cost_on"], (base::Json{{"far", 0.0}}));
  EXPECT_EQ(family["by_distance"][0]["edges"], 1.0);
  EXPECT_EQ(family["map_is_trustworthy"], true);
  EXPECT_FALSE(probes_json(scores, {})["families"]["letters"].contains("edges"));
}

}  // namespace
}  // namespace qkv::evaluate
