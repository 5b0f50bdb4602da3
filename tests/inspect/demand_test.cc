#include "inspect/demand.h"

#include <gtest/gtest.h>

#include "inspect/edges/edge_map.h"
#include "inspect/tiny.h"

namespace qkv::inspect {
namespace {

const Analyses kEdges = {std::make_shared<EdgeAnalysis>()};

/// A text of so many tokens, whatever it says.
Passage passage_of(std::size_t tokens) {
  return {.text = "a", .tokens = std::vector<text::Token>(tokens)};
}

std::string refusal(const config::Config& config, std::size_t tokens, const Demand& demand) {
  const checkpoint::Checkpoint checkpoint = tests::tiny_checkpoint(config);
  return tests::message_of(
      [&] { require_possible(checkpoint, passage_of(tokens), "a.txt", demand, 1); });
}

double recorded_bytes(const Inspection& inspection) {
  double bytes = 0;
  for (const auto& [name, value] : inspection.taps.values())
    bytes += static_cast<double>(value.values.size() * sizeof(float));
  return bytes;
}

TEST(Demand, IsEstimatedFromAboveAndNotTooHigh) {
  const std::string text = "the cat sat on the mat.";
  for (const spec::Objective objective : spec::all<spec::Objective>()) {
    for (const spec::Weighting weights : spec::all<spec::Weighting>()) {
      config::Config config = tests::tiny_config();
      config.model.objective = objective;
      config.model.attention.weights = weights;
      config.model.context = 300;
      const checkpoint::Checkpoint checkpoint = tests::tiny_checkpoint(config);
      std::string long_text;
      for (int times = 0; times < 30; ++times) long_text += text + " ";
      const Inspection inspection = tests::inspect_text(checkpoint, long_text + text);
      const auto tokens = static_cast<std::int64_t>(inspection.passage.tokens.size());
      const double needed = estimate_memory(checkpoint, tokens, {}, 1);
      EXPECT_GE(needed, recorded_bytes(inspection)) << objective << ' ' << weights;
      EXPECT_LE(needed, 3 * recorded_bytes(inspection)) << objective << ' ' << weights;
    }
  }
}

// A reader's memory is at least its keys and values, the maps of a layer and some vectors per
// token.
TEST(Demand, EachThreadThatCutsEdgesHasItsOwnReader) {
  config::Config config = tests::tiny_config();
  config.model.context = 300;
  const checkpoint::Checkpoint checkpoint = tests::tiny_checkpoint(config);
  const auto needed = [&](const Demand& demand, int threads) {
    return estimate_memory(checkpoint, 200, demand, threads);
  };
  const double least = 4.0 * (2 * 2 * 300 * 16 + 4 * 200 * 200 + 200 * (6 * 16 + 24));
  const Demand edges{.formats = {Artefact::kJson}, .analyses = kEdges};
  EXPECT_GE(needed(edges, 3), needed(edges, 1) + 2 * least);
  EXPECT_LE(needed(edges, 3), needed(edges, 1) + 3 * 2 * least);
  const Demand maps{.formats = {Artefact::kJson}};
  EXPECT_EQ(needed(maps, 3), needed(maps, 1));
}

TEST(Demand, WhatDoesNotFitIsRefusedBeforeItIsComputed) {
  const std::string message = refusal(tests::tiny_config(), 3'000'000, {});
  EXPECT_EQ(message.rfind("a.txt: found 3,000,000 tokens, expected a text whose inspection fits "
                          "into memory: it takes about ",
                          0),
            0U)
      << message;
  EXPECT_NE(message.find(" PB, this machine has "), std::string::npos) << message;
  EXPECT_TRUE(message.ends_with("; give a shorter text")) << message;
  EXPECT_TRUE(
      refusal(tests::tiny_config(), 3'000'000, {.formats = {Artefact::kJson}, .analyses = kEdges})
          .ends_with("; give a shorter text or leave out --edges"));
  // Without attention there are no maps.
  config::Config blind = tests::tiny_config();
  blind.model.attention.weights = spec::Weighting::kNone;
  EXPECT_EQ(refusal(blind, 30'000, {.formats = {Artefact::kSafetensors}}), "");
  EXPECT_EQ(refusal(tests::tiny_config(), 16, {.formats = {Artefact::kPng}, .analyses = kEdges}),
            "");
}

TEST(Demand, APictureThatIsTooLargeIsRefusedBeforeItIsDrawn) {
  EXPECT_EQ(refusal(tests::tiny_config(), 1000, {.formats = {Artefact::kPng}}), "");
  for (const Artefact format : {Artefact::kPng, Artefact::kSvg, Artefact::kPdf}) {
    EXPECT_EQ(refusal(tests::tiny_config(), 1200, {.formats = {Artefact::kJson, format}})
                  .rfind("the picture is too large: found 10,800 × 10,800 pixels", 0),
              0U);
  }
  EXPECT_EQ(refusal(tests::tiny_config(), 1200, {.formats = {Artefact::kJson}}), "");
  // The grid of all heads, though one map is small enough.
  config::Config many = tests::tiny_config();
  many.model.width = 64;
  many.model.heads = many.model.key_value_heads = 32;
  const Demand one{.choice = {.layer = 0, .head = 0}, .formats = {Artefact::kPng}};
  EXPECT_EQ(refusal(many, 600, one), "");
  EXPECT_NE(refusal(many, 600, {.formats = {Artefact::kPng}}), "");
  EXPECT_NE(refusal(many, 600, {.choice = one.choice, .formats = one.formats, .analyses = kEdges}),
            "");
}

TEST(Demand, NamesTheLayerTheHeadAndTheModel) {
  EXPECT_EQ(refusal(tests::tiny_config(), 5, {.choice = {.layer = 2, .head = {}}}),
            "--layer: found 2, expected 0 to 1");
  config::Config blind = tests::tiny_config();
  blind.model.attention.weights = spec::Weighting::kNone;
  EXPECT_NE(refusal(blind, 5, {.formats = {Artefact::kPng}}).find("no attention"),
            std::string::npos);
}

}  // namespace
}  // namespace qkv::inspect
