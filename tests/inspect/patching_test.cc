#include "inspect/patching/patching.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "inspect/patching/patching_analysis.h"
#include "inspect/tiny.h"

namespace qkv::inspect {
namespace {

constexpr std::int32_t kPatchA = 270;
constexpr std::int32_t kPatchB = 263;

/// Two texts of six tokens, and a model's passes over them.
struct Pair {
  explicit Pair(const config::Config& config)
      : checkpoint(tests::tiny_checkpoint(config)),
        clean(tests::inspect_text(checkpoint, config.model.causal() ? "the cat sat on the mat"
                                                                    : "the cat sat on <mask> mat")),
        corrupt(tests::inspect_text(checkpoint, config.model.causal()
                                                    ? "the dog ran on the cat"
                                                    : "the dog ran on <mask> cat")),
        clean_ids(ids_of(clean.passage)),
        corrupt_ids(ids_of(corrupt.passage)) {}

  Patching patched(std::int64_t token, int threads = 1) const {
    return patch(*checkpoint.model,
                 {.clean = clean_ids,
                  .corrupt = corrupt_ids,
                  .clean_taps = clean.taps,
                  .corrupt_taps = corrupt.taps},
                 token, kPatchA, kPatchB, threads);
  }

  checkpoint::Checkpoint checkpoint;
  Inspection clean;
  Inspection corrupt;
  std::vector<std::int32_t> clean_ids;
  std::vector<std::int32_t> corrupt_ids;
};

/// Puts a value, or a part of it, of another pass into one that is computed as a whole.
class Replacing : public engine::Taps {
 public:
  Replacing(std::string name, const Inspection& donor, std::int64_t head, std::int64_t token)
      : name_(std::move(name)), donor_(donor.taps.value(name_)), head_(head), token_(token) {}

  bool wants(const engine::TapPlace& place) const override {
    return engine::tap_name(place) == name_;
  }
  void see(const engine::TapPlace& /*place*/, base::MutableView value) override {
    const std::int64_t columns = value.shape.back();
    const std::int64_t rows = value.shape[value.shape.size() - 2];
    for (std::size_t at = 0; at < value.size(); ++at) {
      const std::int64_t row = static_cast<std::int64_t>(at) / columns;
      if (token_ >= 0 && row % rows != token_) continue;
      if (head_ >= 0 && row / rows != head_) continue;
      value.data[at] = donor_.values[at];
    }
  }

 private:
  std::string name_;
  const base::Array& donor_;
  std::int64_t head_;
  std::int64_t token_;
};

double difference(const engine::Model& model, const std::vector<std::int32_t>& ids,
                  std::int64_t token, engine::Taps* taps = nullptr) {
  const base::Array logits = tests::all_logits(model, ids, taps);
  return double(logits[token].data[kPatchA]) - double(logits[token].data[kPatchB]);
}

std::vector<spec::ModelConfig> patched_models() {
  spec::ModelConfig first = tests::tiny_config().model;
  spec::ModelConfig second = first;
  second.objective = spec::Objective::kMasked;
  second.position = spec::Position::kAlibi;
  second.key_value_heads = 2;
  second.attention.value_residual = true;
  spec::ModelConfig third = first;
  third.attention.weights = spec::Weighting::kUniform;
  third.feed_forward.activation = spec::Activation::kNone;
  return {first, second, third};
}

// In passes that compute everything: both directions, every place.
TEST(Patching, EachShareIsThatOfAPassWithTheOtherTextsValue) {
  for (const spec::ModelConfig& model : patched_models()) {
    config::Config config = tests::tiny_config();
    config.model = model;
    const Pair pair(config);
    const std::int64_t token = model.causal() ? 5 : 4;
    const Patching found = pair.patched(token);
    const engine::Model& engine = *pair.checkpoint.model;
    const double clean = difference(engine, pair.clean_ids, token);
    const double corrupt = difference(engine, pair.corrupt_ids, token);
    // Logits are sums in float32 of some hundred products of at most about 1.
    const double rounding = 1e-4;
    EXPECT_NEAR(found.clean_difference, clean, rounding);
    EXPECT_NEAR(found.corrupt_difference, corrupt, rounding);
    const double share_rounding = 4 * rounding / std::abs(clean - corrupt);
    const auto expect_shares = [&](const std::string& tap, std::int64_t head, std::int64_t of,
                                   double recovered, double lost) {
      Replacing by_clean(tap, pair.clean, head, of);
      EXPECT_NEAR(
          recovered,
          (difference(engine, pair.corrupt_ids, token, &by_clean) - corrupt) / (clean - corrupt),
          share_rounding)
          << tap << " " << head << " " << of;
      Replacing by_corrupt(tap, pair.corrupt, head, of);
      EXPECT_NEAR(
          lost,
          (clean - difference(engine, pair.clean_ids, token, &by_corrupt)) / (clean - corrupt),
          share_rounding)
          << tap << " " << head << " " << of;
    };
    const std::vector<std::string> residual = {"layers.0.input", "layers.0.middle",
                                               "layers.0.output", "layers.1.middle",
                                               "layers.1.output"};
    for (std::int64_t of = 0; of < 6; ++of) {
      for (std::int64_t depth = 0; depth < 5; ++depth)
        expect_shares(residual[static_cast<std::size_t>(depth)], -1, of,
                      found.recovered.residual[depth].data[of],
                      found.lost.residual[depth].data[of]);
      for (std::int64_t layer = 0; layer < found.recovered.feed_forward.shape[0]; ++layer)
        expect_shares(base::concat("layers.", layer, ".feed_forward.output"), -1, of,
                      found.recovered.feed_forward[layer].data[of],
                      found.lost.feed_forward[layer].data[of]);
    }
    EXPECT_EQ(found.recovered.feed_forward.shape[0], model.has_feed_forward() ? 2 : 0);
    for (std::int64_t layer = 0; layer < 2; ++layer) {
      for (std::int64_t head = 0; head < 4; ++head) {
        const std::string name = base::concat("layers.", layer, ".attention.");
        expect_shares(name + "mixed", head, -1, found.recovered.heads[layer].data[head],
                      found.lost.heads[layer].data[head]);
        expect_shares(name + "weights", head, -1, found.recovered.patterns[layer].data[head],
                      found.lost.patterns[layer].data[head]);
        for (std::int64_t of = 0; of < 6; ++of)
          expect_shares(name + "mixed", head, of,
                        found.recovered.heads_by_token[layer][head].data[of],
                        found.lost.heads_by_token[layer][head].data[of]);
      }
    }
  }
}

TEST(Patching, WhatBeginsOrEndsThePassCarriesEverything) {
  const Pair pair(tests::tiny_config());
  const Patching found = pair.patched(5);
  // The output of the token that answers.
  EXPECT_NEAR(found.recovered.residual[4].data[5], 1, 1e-4);
  EXPECT_NEAR(found.lost.residual[4].data[5], 1, 1e-4);
  for (std::int64_t token = 0; token < 5; ++token)
    EXPECT_NEAR(found.recovered.residual[4].data[token], 0, 1e-4);
  // Tokens that both texts share, before the first that they do not.
  EXPECT_NEAR(found.recovered.residual[0].data[0], 0, 1e-4);
}

TEST(Patching, DoesNotDependOnTheThreads) {
  const Pair pair(tests::tiny_config());
  const Patching one = pair.patched(5, 1);
  const Patching two = pair.patched(5, 2);
  EXPECT_EQ(one.recovered.residual, two.recovered.residual);
  EXPECT_EQ(one.lost.heads_by_token, two.lost.heads_by_token);
}

TEST(Patching, IsTheSameInItsJson) {
  const Pair pair(tests::tiny_config());
  const PatchingAnalysis analysis("the dog ran on the cat");
  analysis.require_possible(pair.checkpoint, pair.clean.passage, /*draws=*/true);
  const base::Json json = base::Json::parse(analysis.find(pair.checkpoint, pair.clean, 1).json);
  EXPECT_EQ(json["clean"], "the cat sat on the mat");
  EXPECT_EQ(json["corrupt"], "the dog ran on the cat");
  const Patching found = patch(*pair.checkpoint.model,
                               {.clean = pair.clean_ids,
                                .corrupt = pair.corrupt_ids,
                                .clean_taps = pair.clean.taps,
                                .corrupt_taps = pair.corrupt.taps},
                               5, json["a"]["id"], json["b"]["id"], 1);
  EXPECT_NE(json["a"], json["b"]);
  EXPECT_EQ(json["clean_difference"], found.clean_difference);
  EXPECT_EQ(json["corrupt_difference"], found.corrupt_difference);
  for (std::size_t layer = 0; layer < 2; ++layer) {
    const auto row = static_cast<std::int64_t>(layer);
    for (std::size_t head = 0; head < 4; ++head) {
      EXPECT_EQ(json["heads"][layer][head], found.recovered.heads[row].values()[head]);
      EXPECT_EQ(json["patterns"][layer][head], found.recovered.patterns[row].values()[head]);
      EXPECT_EQ(json["lost"]["heads"][layer][head], found.lost.heads[row].values()[head]);
      EXPECT_EQ(json["heads_by_token"][layer][head][3],
                found.recovered.heads_by_token[row][static_cast<std::int64_t>(head)].values()[3]);
    }
    EXPECT_EQ(json["feed_forward"][layer][5], found.recovered.feed_forward[row].values()[5]);
  }
  for (std::size_t depth = 0; depth < 5; ++depth)
    EXPECT_EQ(json["residual"][depth][2],
              found.recovered.residual[static_cast<std::int64_t>(depth)].values()[2]);
}

TEST(Patching, TextsThatCannotBeComparedAreRefused) {
  const auto refusal = [](const config::Config& config, const std::string& clean,
                          const std::string& corrupt) -> std::string {
    const auto checkpoint = tests::tiny_checkpoint(config);
    try {
      PatchingAnalysis(corrupt).require_possible(
          checkpoint, encode_passage(checkpoint, clean, "--text"), /*draws=*/false);
    } catch (const base::Error& error) {
      return error.what();
    }
    return "";
  };
  const config::Config causal = tests::tiny_config();
  EXPECT_EQ(refusal(causal, "the cat sat", "the cat"),
            "--against: found texts of 3 and 2 tokens, expected equally many");
  EXPECT_EQ(refusal(causal, "the cat sat", "the cat sat"),
            "--against: found the same text twice, expected another");
  EXPECT_EQ(refusal(causal, "the cat sat", "the cat ran"), "");
  config::Config masked = causal;
  masked.model.objective = spec::Objective::kMasked;
  EXPECT_EQ(refusal(masked, "the <mask> sat", "<mask> cat sat"),
            "--against: found <mask> at tokens 1 and 0, expected the same one in both texts");
  EXPECT_EQ(refusal(masked, "the <mask> sat", "the cat sat"),
            "--against: found 0 <mask> in a text, expected exactly one in both");
  config::Config recurrent = causal;
  recurrent.model.kind = spec::Architecture::kGru;
  EXPECT_NE(refusal(recurrent, "the cat sat", "the cat ran").find("found \"gru\""),
            std::string::npos);
}

}  // namespace
}  // namespace qkv::inspect
