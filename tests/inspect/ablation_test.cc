#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "inspect/ablation/ablator.h"
#include "inspect/intervening.h"
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

}  // namespace
}  // namespace qkv::inspect
