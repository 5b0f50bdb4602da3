#include "inspect/ablation/ablation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "inspect/ablation/ablator.h"
#include "inspect/intervening.h"
#include "predict/changes.h"
#include "rounding.h"

namespace qkv::inspect {
namespace {

const std::vector<std::int32_t> kAblatedIds = {4, 7, 5, 9, 6};
const std::vector<std::vector<std::int32_t>> kReferenceTexts = {kAblatedIds, {3, 8}, {10, 1, 2, 3}};

PartMeans means_over_texts(const engine::Model& model) {
  std::vector<predict::ScoredRow> rows;
  for (const auto& ids : kReferenceTexts) rows.push_back({.ids = ids, .targets = {}});
  return part_means(model, rows, /*threads=*/2);
}

std::string refusal(const char* list, const spec::ModelConfig& model = tests::tiny_model_config()) {
  try {
    parse_parts(list, model, "--ablate");
  } catch (const base::Error& error) {
    return error.what();
  }
  return "";
}

TEST(Parts, HaveNames) {
  const auto parts = parse_parts("L1.H3,L0.mlp,L0.H0", tests::tiny_model_config(), "--ablate");
  EXPECT_EQ(parts, (std::vector<Part>{{1, 3}, {0, {}}, {0, 0}}));
  EXPECT_EQ(name_of(parts[0]), "L1.H3");
  EXPECT_EQ(name_of(parts[1]), "L0.mlp");
  const std::vector<Part> all = all_parts(tests::tiny_model_config());
  ASSERT_EQ(all.size(), 10U);
  std::string list;
  for (const Part& part : all) list += (list.empty() ? "" : ",") + name_of(part);
  EXPECT_EQ(parse_parts(list, tests::tiny_model_config(), "--ablate"), all);
}

TEST(Parts, ThatTheModelLacksAreRefused) {
  const std::string form = "expected a list of heads and feed-forward layers such as L1.H3,L0.mlp";
  for (const char* name : {"", "H3", "L1", "L1.H", "L1.H3x", "L-1.H0", "L+1.H0", "L1.h3", "L0.MLP",
                           "L0.mlps", "L99999999999999999999.mlp"})
    EXPECT_EQ(refusal(name), "--ablate: found \"" + std::string(name) + "\", " + form);
  EXPECT_EQ(refusal("L1.H3,"), "--ablate: found \"\", " + form);
  EXPECT_EQ(refusal("L0.H0,L2.H1"), "--ablate: found \"L2.H1\", expected a layer from 0 to 1");
  EXPECT_EQ(refusal("L2.mlp"), "--ablate: found \"L2.mlp\", expected a layer from 0 to 1");
  EXPECT_EQ(refusal("L1.H4"), "--ablate: found \"L1.H4\", expected a head from 0 to 3");
  EXPECT_EQ(refusal("L1.H3,L0.H1,L1.H3"),
            "--ablate: found \"L1.H3\", which is in the list twice, expected each part once");
  spec::ModelConfig model = tests::tiny_model_config();
  model.feed_forward.activation = spec::Activation::kNone;
  EXPECT_EQ(refusal("L0.mlp", model),
            "--ablate: found \"L0.mlp\", but the model has no feed-forward layers, expected a head "
            "such as L0.H1");
  model = tests::tiny_model_config();
  model.attention.weights = spec::Weighting::kNone;
  EXPECT_EQ(refusal("L0.H1", model),
            "--ablate: found \"L0.H1\", but the model has no attention, expected a feed-forward "
            "layer such as L0.mlp");
  model.kind = spec::Architecture::kGru;
  EXPECT_EQ(refusal("L0.mlp", model),
            "--ablate: found \"L0.mlp\", but the model is of the kind \"gru\", expected a "
            "transformer");
}

TEST(PartMeans, AreOverAllTokens) {
  const auto model = tests::uneven_model();
  const PartMeans means = means_over_texts(*model);
  EXPECT_EQ(means.heads.shape, (std::vector<std::int64_t>{2, 4, 2}));
  EXPECT_EQ(means.feed_forward.shape, (std::vector<std::int64_t>{2, 8}));
  for (const Part& part : all_parts(model->config())) {
    std::vector<double> sums(means.of(part).size());
    for (const auto& ids : kReferenceTexts) {
      tests::RecorderOf recorder({engine::Tap::kMixed, engine::Tap::kFeedForwardOutput});
      tests::all_logits(*model, ids, &recorder);
      const base::Array& value = recorder.value(engine::tap_name(output_of(part)));
      const base::View output = part.head ? value[*part.head] : value.view();
      for (std::int64_t token = 0; token < output.shape[0]; ++token) {
        for (std::size_t at = 0; at < sums.size(); ++at)
          sums[at] += static_cast<double>(output[token].data[at]);
      }
    }
    // Summed in double, and rounded once.
    for (std::size_t at = 0; at < sums.size(); ++at)
      EXPECT_NEAR(means.of(part)[at], sums[at] / 11,
                  1.01 * tests::kFloat32 * std::abs(sums[at] / 11));
  }
  EXPECT_THROW(part_means(*model, {}, 1), base::Error);
}

/// Adds a vector to one value of a pass, for each token.
class Adder : public engine::Taps {
 public:
  Adder(engine::TapPlace place, std::vector<float> added)
      : place_(place), added_(std::move(added)) {}
  bool wants(const engine::TapPlace& place) const override { return place == place_; }
  void see(const engine::TapPlace& /*place*/, base::MutableView value) override {
    for (std::int64_t token = 0; token < value.shape[0]; ++token) {
      for (std::size_t at = 0; at < added_.size(); ++at) value[token].data[at] += added_[at];
    }
  }

 private:
  engine::TapPlace place_;
  std::vector<float> added_;
};

/// Sets the weights to zero through which a part writes, and returns what its mean writes instead.
std::vector<float> take_out(const Part& part, const spec::WeightList& list, const PartMeans& means,
                            std::vector<base::Array>& weights) {
  std::vector<float> written(8);
  const auto& layer = list.layers[static_cast<std::size_t>(part.layer)];
  if (!part.head) {
    for (const auto index : {layer.down.weight, layer.down.bias}) {
      for (float& weight : weights[static_cast<std::size_t>(index)].values) weight = 0;
    }
    std::ranges::copy(means.of(part), written.begin());
    return written;
  }
  base::Array& output = weights[static_cast<std::size_t>(layer.output.weight)];
  for (std::int64_t out = 0; out < 8; ++out) {
    for (std::int64_t at = 0; at < 2; ++at) {
      float& weight = output[out].data[2 * *part.head + at];
      written[static_cast<std::size_t>(out)] +=
          weight * means.of(part)[static_cast<std::size_t>(at)];
      weight = 0;
    }
  }
  return written;
}

// The weights through which a part writes become 0, and what its mean would write is added instead.
TEST(Ablator, LeavesTheMean) {
  const auto model = tests::uneven_model();
  const PartMeans means = means_over_texts(*model);
  const predict::Target target{.place = 4, .piece = 6};
  const double kept = tests::nats_of(tests::all_logits(*model, kAblatedIds), target);
  for (const Part& part : all_parts(model->config())) {
    Ablator ablator(means.replacements({part}));
    const double ablated = tests::nats_of(tests::all_logits(*model, kAblatedIds, &ablator), target);
    std::vector<base::Array> weights = tests::uneven_weights();
    Adder adder(
        {part.head ? engine::Tap::kAttentionOutput : engine::Tap::kFeedForwardOutput, part.layer},
        take_out(part, model->list(), means, weights));
    const engine::Model changed(model->config(), model->vocabulary(), std::move(weights));
    EXPECT_NEAR(ablated, tests::nats_of(tests::all_logits(changed, kAblatedIds, &adder), target),
                tests::kNatsRounding)
        << name_of(part);
    EXPECT_GT(std::abs(ablated - kept), 1e-4) << name_of(part);
  }
}

base::Array numbered(std::vector<std::int64_t> shape) {
  base::Array array(std::move(shape));
  for (std::size_t at = 0; at < array.values.size(); ++at)
    array.values[at] = static_cast<float>(at + 1);
  return array;
}

TEST(Ablator, ReplacesSeveralPartsAndNothingElse) {
  const std::vector<float> row = {-1, -2};
  Ablator ablator({{.part = {0, 1}, .rows = row}, {.part = {0, 3}, .rows = row}});
  const base::Array mixed = numbered({4, 3, 2});
  base::Array changed = mixed;
  ablator.see({engine::Tap::kMixed, 0}, changed.view());
  for (std::int64_t head = 0; head < 4; ++head) {
    for (std::int64_t token = 0; token < 3; ++token) {
      for (std::size_t at = 0; at < 2; ++at)
        EXPECT_EQ(changed[head][token].data[at],
                  head % 2 == 1 ? row[at] : mixed[head][token].data[at]);
    }
  }
  EXPECT_TRUE(ablator.wants({engine::Tap::kMixed, 0}));
  EXPECT_FALSE(ablator.wants({engine::Tap::kMixed, 1}));
  EXPECT_FALSE(ablator.wants({engine::Tap::kFeedForwardOutput, 0}));
}

TEST(Ablator, TakesRowsByPositionAndFromTheBeginningAgain) {
  const base::Array rows = numbered({3, 2});
  Ablator ablator({{.part = {1, {}}, .rows = rows.values}}, /*kept=*/1);
  base::Array output({4, 2});
  ablator.see({engine::Tap::kFeedForwardOutput, 1}, output.view());
  EXPECT_EQ(output.values, (std::vector<float>{3, 4, 5, 6, 1, 2, 3, 4}));
}

/// The same weights, with those through which these parts write set to zero.
std::unique_ptr<engine::Model> without_weights(const std::vector<Part>& parts,
                                               const spec::ModelConfig& config) {
  std::vector<base::Array> weights = tests::uneven_weights(config);
  const spec::WeightList list(config, 11);
  for (const Part& part : parts) take_out(part, list, PartMeans(config), weights);
  return std::make_unique<engine::Model>(config, 11, std::move(weights));
}

std::unique_ptr<engine::Model> ablated(const engine::Model& model, const std::vector<Part>& parts,
                                       AblationMode mode) {
  return std::make_unique<engine::Model>(
      model, ablation(model, parts, mode, kReferenceTexts, /*seed=*/1, /*threads=*/2));
}

const std::vector<Part> kSomeParts = {{0, 1}, {0, {}}, {1, 3}};

/// A causal and a masked model.
std::vector<spec::ModelConfig> both_objectives() {
  std::vector<spec::ModelConfig> configs(2, tests::tiny_model_config());
  configs[1].objective = spec::Objective::kMasked;
  return configs;
}

// Products with zeros add nothing: not even a bit differs.
TEST(Ablation, WithZerosIsAModelWithoutTheWeights) {
  for (const spec::ModelConfig& config : both_objectives()) {
    const auto model = tests::uneven_model(config);
    const auto zeroed = without_weights(kSomeParts, config);
    const auto without = ablated(*model, kSomeParts, AblationMode::kZero);
    EXPECT_EQ(tests::all_logits(*without, kAblatedIds), tests::all_logits(*zeroed, kAblatedIds));
    EXPECT_NE(tests::all_logits(*without, kAblatedIds), tests::all_logits(*model, kAblatedIds));
    // Parts that write nothing may be ablated: nothing changes.
    EXPECT_EQ(tests::all_logits(*ablated(*zeroed, kSomeParts, AblationMode::kZero), kAblatedIds),
              tests::all_logits(*zeroed, kAblatedIds));
  }
}

// The mean and the row of a text are those of the Ablator, which the reader makes itself.
TEST(Ablation, IsAppliedByEachRead) {
  const auto model = tests::uneven_model();
  const auto without = ablated(*model, kSomeParts, AblationMode::kMean);
  const PartMeans means = means_over_texts(*model);
  Ablator ablator(means.replacements(kSomeParts));
  const base::Array expected = tests::all_logits(*model, kAblatedIds, &ablator);
  EXPECT_EQ(tests::all_logits(*without, kAblatedIds), expected);

  // In parts, as qkv-generate reads. A row of logits that is alone is summed in another order.
  const auto reader = engine::make_reader(*without);
  const std::span<const std::int32_t> ids = kAblatedIds;
  for (const auto& [begin, count] : {std::pair{0, 2}, {2, 2}, {4, 1}}) {
    const std::span<const float> logits =
        reader->next(ids.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(count)));
    const std::span<const float> whole = expected[begin + count - 1].values();
    for (std::size_t piece = 0; piece < logits.size(); ++piece)
      EXPECT_NEAR(logits[piece], whole[piece], tests::kNatsRounding);
  }
}

// A change of nothing, from each layer on and after each token, must leave what was ablated.
TEST(Ablation, StaysWhereAPassBeginsInALaterLayer) {
  for (const spec::ModelConfig& config : both_objectives()) {
    const auto model = tests::uneven_model(config);
    for (const AblationMode mode :
         {AblationMode::kMean, AblationMode::kZero, AblationMode::kResample}) {
      const auto without = ablated(*model, kSomeParts, mode);
      const predict::Target target{.place = 4, .piece = 6};
      std::vector<predict::Change> changes;
      for (std::int64_t layer = 0; layer < 2; ++layer) {
        for (const std::int64_t token : {0, 1, 3})
          changes.push_back({.first = {engine::Tap::kInput, layer},
                             .token = token,
                             .make_taps = [](std::int64_t /*kept*/) { return nullptr; }});
      }
      const auto scores = predict::score_changes(
          *without, {{.ids = kAblatedIds, .targets = {&target, 1}}}, 1, changes);
      const double expected =
          predict::score_rows(*without, {{.ids = kAblatedIds, .targets = {&target, 1}}}, 1)[0].nats;
      for (const predict::TargetScore& score : scores[0]) EXPECT_EQ(score.nats, expected);
      EXPECT_NE(
          expected,
          predict::score_rows(*model, {{.ids = kAblatedIds, .targets = {&target, 1}}}, 1)[0].nats);
    }
  }
}

TEST(Ablation, ResamplesTheOutputsOfOneText) {
  const auto model = tests::uneven_model();
  const Part part = {1, 2};
  const auto without = ablated(*model, {part}, AblationMode::kResample);
  const auto output = [&](const engine::Model& of, const std::vector<std::int32_t>& ids) {
    tests::RecorderOf recorder({engine::Tap::kMixed});
    tests::all_logits(of, ids, &recorder);
    const auto values = recorder.value("layers.1.attention.mixed")[2].values();
    return std::vector<float>(values.begin(), values.end());
  };
  std::vector<std::size_t> drawn(kReferenceTexts.size());
  for (std::int32_t id = 0; id < 11; ++id) {
    const std::vector<float> found = output(*without, {id, 1, 2, 3, 4});
    for (std::size_t text = 0; text < kReferenceTexts.size(); ++text) {
      std::vector<float> expected = output(*model, kReferenceTexts[text]);
      while (expected.size() < found.size())  // from the beginning again
        expected.push_back(expected[expected.size() - 2 * kReferenceTexts[text].size()]);
      if (found == expected) ++drawn[text];
    }
    EXPECT_EQ(found, output(*without, {id, 1, 2, 3, 4}));
  }
  EXPECT_EQ(drawn[0] + drawn[1] + drawn[2], 11U);
  for (const std::size_t times : drawn) EXPECT_GT(times, 0U);  // the seed draws each of them
}

TEST(Ablation, HasAName) {
  const auto model = tests::uneven_model();
  const auto without = ablated(*model, kSomeParts, AblationMode::kMean);
  EXPECT_EQ(model->intervention(), nullptr);
  EXPECT_EQ(ablation_text(*without->intervention()), "without L0.H1, L0.mlp, L1.H3 (mean)");
  EXPECT_EQ(ablation_json(*without->intervention()).dump(),
            R"({"parts":["L0.H1","L0.mlp","L1.H3"],"mode":"mean"})");
  EXPECT_TRUE(is_ablated(*without, {0, {}}));
  EXPECT_FALSE(is_ablated(*without, {1, {}}));
  EXPECT_FALSE(is_ablated(*model, {0, {}}));
  EXPECT_EQ(ablation_text({.parts = {"a", "b", "c", "d", "e"}, .mode = "zero", .make_taps = {}}),
            "without a, b, c and 2 more (zero)");
}

TEST(Ablation, RequestsAreChecked) {
  EXPECT_EQ(ablation_mode({.parts = "L0.H0", .mode = {}}), AblationMode::kMean);
  EXPECT_EQ(ablation_mode({.parts = "L0.H0", .mode = "resample"}), AblationMode::kResample);
  EXPECT_THROW(ablation_mode({.parts = "L0.H0", .mode = "median"}), base::Error);
  EXPECT_THROW(ablation_mode({.parts = {}, .mode = "zero"}), base::Error);
  EXPECT_THROW(ablation(*tests::uneven_model(), kSomeParts, AblationMode::kResample, {}, 1, 1),
               base::Error);
}

}  // namespace
}  // namespace qkv::inspect
