#include "inspect/attribution/attribution.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "inspect/attribution/attribution_analysis.h"
#include "inspect/tiny.h"

namespace qkv::inspect {
namespace {

constexpr std::int32_t kA = 270;
constexpr std::int32_t kB = 263;

Inspection inspection_of(const checkpoint::Checkpoint& checkpoint) {
  return tests::inspect_text(checkpoint, checkpoint.config.model.causal()
                                             ? "the cat sat on the mat"
                                             : "the cat <mask> on the mat");
}

/// Models with every kind of part.
std::vector<spec::ModelConfig> models() {
  std::vector<spec::ModelConfig> models;
  for (const spec::Norm norm : spec::all<spec::Norm>()) {
    for (const bool bias : {false, true}) {
      spec::ModelConfig model = tests::tiny_config().model;
      model.norm = norm;
      model.bias = bias;
      model.position = spec::Position::kLearned;
      models.push_back(model);
      model.position = spec::Position::kAlibi;
      model.tied_embeddings = false;
      model.key_value_heads = 2;
      model.feed_forward.activation = spec::Activation::kSwiglu;
      models.push_back(model);
      model.attention.value_residual = true;
      model.objective = spec::Objective::kMasked;
      models.push_back(model);
      model.attention.weights = spec::Weighting::kUniform;
      model.feed_forward.activation = spec::Activation::kNone;
      models.push_back(model);
      model.attention.weights = spec::Weighting::kNone;
      model.attention.value_residual = false;
      models.push_back(model);
    }
  }
  return models;
}

double size_of(const Attribution& found) {
  double size = std::abs(found.difference);
  for (const Attributed& part : found.parts) size += std::abs(part.value);
  return size;
}

// The parts are sums in double of what the pass has computed in float32 in about a hundred steps.
constexpr double kRounding = 1e-5;

TEST(Attribution, PartsAddUpToTheDifferenceOfTheLogits) {
  for (const spec::ModelConfig& model : models()) {
    config::Config config = tests::tiny_config();
    config.model = model;
    const auto checkpoint = tests::tiny_checkpoint(config);
    const Inspection inspection = inspection_of(checkpoint);
    for (std::int64_t token = 0; token < 5; ++token) {
      const Attribution found = attribute(*checkpoint.model, inspection.taps, token, kA, kB);
      const base::View logits = inspection.taps.value("logits")[token];
      EXPECT_EQ(found.difference, double(logits.data[kA]) - double(logits.data[kB]));
      double sum = 0;
      for (const Attributed& part : found.parts) sum += part.value;
      EXPECT_NEAR(sum, found.difference, kRounding * size_of(found));
    }
  }
}

TEST(Attribution, NamesTheParts) {
  const auto names = [](const spec::ModelConfig& model) {
    config::Config config = tests::tiny_config();
    config.model = model;
    const auto checkpoint = tests::tiny_checkpoint(config);
    std::string names;
    for (const Attributed& part :
         attribute(*checkpoint.model, inspection_of(checkpoint).taps, 2, kA, kB).parts)
      names += part.name + " ";
    return names;
  };
  spec::ModelConfig model = tests::tiny_config().model;
  model.layers = 1;
  model.heads = model.key_value_heads = 2;
  model.position = spec::Position::kSinusoidal;
  EXPECT_EQ(names(model),
            "embedding position layers.0.heads.0 layers.0.heads.1 layers.0.feed_forward ");
  model.position = spec::Position::kRotary;
  model.bias = true;
  EXPECT_EQ(names(model),
            "embedding layers.0.heads.0 layers.0.heads.1 layers.0.feed_forward bias ");
  model.attention.weights = spec::Weighting::kNone;
  model.feed_forward.activation = spec::Activation::kNone;
  EXPECT_EQ(names(model), "embedding bias ");
}

/// Replaces what one head has mixed by zeros.
class WithoutHead : public engine::Taps {
 public:
  explicit WithoutHead(std::int64_t head) : head_(head) {}
  bool wants(const engine::TapPlace& place) const override { return place.layer == 0; }
  void see(const engine::TapPlace& place, base::MutableView value) override {
    if (place.tap == engine::Tap::kMixed) std::ranges::fill(value[head_].values(), 0.0F);
    if (place.tap == engine::Tap::kAttentionOutput)
      output.assign(value.values().begin(), value.values().end());
  }

  std::vector<float> output;

 private:
  std::int64_t head_;
};

// The vector that a head adds to the residual stream is what is missing in the output of attention
// without it. Its part is then the formula of the last norm, with the scale of the pass, times the
// difference of the two rows of the embedding table.
TEST(Attribution, OfAHeadIsThatOfTheVectorItWrites) {
  for (const spec::Norm norm : spec::all<spec::Norm>()) {
    config::Config config = tests::tiny_config();
    config.model.norm = norm;
    config.model.position = spec::Position::kAlibi;
    const auto checkpoint = tests::tiny_checkpoint(config);
    const engine::Model& model = *checkpoint.model;
    const Inspection inspection = inspection_of(checkpoint);
    constexpr std::int64_t kToken = 3;
    const Attribution found = attribute(model, inspection.taps, kToken, kA, kB);
    const base::View x = inspection.taps.value("layers.1.output")[kToken];
    const auto width = static_cast<double>(config.model.width);
    const auto centred = [&](std::span<const double> vector) {
      std::vector<double> centred(vector.begin(), vector.end());
      double mean = 0;
      if (norm == spec::Norm::kLayer)
        for (const double value : vector) mean += value / width;
      for (double& value : centred) value -= mean;
      return centred;
    };
    double square = 0;
    for (const double value : centred(std::vector<double>(x.values().begin(), x.values().end())))
      square += value * value;
    const double scale = 1 / std::sqrt(square / width + config.model.norm_epsilon);
    const base::Array gain = model.weight(model.list().norm.weight);

    for (std::int64_t head = 0; head < config.model.heads; ++head) {
      WithoutHead without(head);
      engine::make_reader(model)->read(ids_of(inspection.passage), &without);
      const base::View with = inspection.taps.value("layers.0.attention.output")[kToken];
      std::vector<double> written;
      for (std::size_t at = 0; at < with.size(); ++at)
        written.push_back(double(with.data[at]) -
                          double(without.output[kToken * with.size() + at]));
      double expected = 0;
      const std::vector<double> vector = centred(written);
      for (std::size_t at = 0; at < vector.size(); ++at)
        expected += scale * gain.values[at] * vector[at] *
                    (double(model.embedding()[kA].data[at]) - model.embedding()[kB].data[at]);
      const Attributed& part = found.parts[static_cast<std::size_t>(1 + head)];
      EXPECT_EQ(part.name, base::concat("layers.0.heads.", head));
      EXPECT_NEAR(part.value, expected, kRounding * size_of(found));
    }
  }
}

TEST(Attribution, ComparesTheTwoMostProbablePiecesUnlessWordsAreGiven) {
  const auto checkpoint = tests::tiny_checkpoint(tests::tiny_config());
  const Inspection inspection = inspection_of(checkpoint);
  const auto json_of = [&](const AttributionRequest& request) {
    const AttributionAnalysis analysis(request);
    analysis.require_possible(checkpoint, inspection.passage, /*draws=*/true);
    return base::Json::parse(analysis.find(checkpoint, inspection, 1).json);
  };
  const base::Json likeliest = json_of({});
  EXPECT_EQ(likeliest["token"], 5);
  EXPECT_GT(likeliest["difference"], 0);
  const base::Json words = json_of({.words = "cat,mat", .token = 2});
  EXPECT_EQ(words["token"], 2);
  EXPECT_EQ(words["a"]["piece"], "▁cat");
  EXPECT_EQ(words["b"]["piece"], "▁mat");
  const Attribution expected =
      attribute(*checkpoint.model, inspection.taps, 2, words["a"]["id"], words["b"]["id"]);
  EXPECT_EQ(words["difference"], expected.difference);
  ASSERT_EQ(words["parts"].size(), expected.parts.size());
  for (std::size_t index = 0; index < expected.parts.size(); ++index) {
    EXPECT_EQ(words["parts"][index]["name"], expected.parts[index].name);
    EXPECT_EQ(words["parts"][index]["value"], expected.parts[index].value);
  }
  const base::Json reversed = json_of({.words = "mat,cat", .token = 2});
  EXPECT_EQ(reversed["difference"], -expected.difference);
}

TEST(Attribution, WhatCannotBeAskedIsRefused) {
  const auto refusal = [](const config::Config& config, const std::string& text,
                          const AttributionRequest& request) -> std::string {
    const auto checkpoint = tests::tiny_checkpoint(config);
    const Passage passage = encode_passage(checkpoint, text, "a.txt");
    try {
      AttributionAnalysis(request).require_possible(checkpoint, passage, /*draws=*/false);
    } catch (const base::Error& error) {
      return error.what();
    }
    return "";
  };
  const config::Config causal = tests::tiny_config();
  EXPECT_EQ(refusal(causal, "the cat sat", {.words = "cat", .token = {}}),
            "--attribution: found \"cat\", expected two words with a comma between them");
  EXPECT_EQ(refusal(causal, "the cat sat", {.words = "cat,", .token = {}}),
            "--attribution: found \"cat,\", expected two words with a comma between them");
  EXPECT_TRUE(refusal(causal, "the cat sat", {.words = "cat,zebra", .token = {}})
                  .starts_with("--attribution: found \"zebra\", which this tokenizer spells"));
  EXPECT_EQ(refusal(causal, "the cat sat", {.words = "", .token = 3}),
            "--token: found 3, expected 0 to 2");
  config::Config masked = causal;
  masked.model.objective = spec::Objective::kMasked;
  EXPECT_EQ(refusal(masked, "the cat sat", {}),
            "--attribution: found 0 <mask> in the text, expected exactly one, or --token");
  EXPECT_EQ(refusal(masked, "the cat sat", {.words = "", .token = 1}), "");
  config::Config recurrent = causal;
  recurrent.model.kind = spec::Architecture::kGru;
  EXPECT_NE(refusal(recurrent, "the cat sat", {}).find("model.kind: found \"gru\""),
            std::string::npos);
}

}  // namespace
}  // namespace qkv::inspect
