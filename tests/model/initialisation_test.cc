#include <gtest/gtest.h>

#include "support.h"

namespace qkv::model {
namespace {

constexpr std::int64_t kInitialisedPieces = 300;

spec::ModelConfig config_with_every_weight() {
  spec::ModelConfig config;
  config.layers = 3;
  config.key_value_heads = 2;
  config.position = spec::Position::kLearned;
  config.feed_forward.activation = spec::Activation::kSwiglu;
  config.bias = true;
  config.tied_embeddings = false;
  return config;
}

bool ends_with(const std::string& text, const char* end) { return text.ends_with(end); }

TEST(Initialisation, EachWeightIsNormalWithItsDeviation) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    spec::ModelConfig config = config_with_every_weight();
    if (seed == 3) config.initial_deviation = 0.5;
    const Transformer model(config, kInitialisedPieces, seed);
    for (const auto& [name, weight] : model.parameters().list()) {
      const Tensor values = weight.detach().to(at::kDouble);
      if (ends_with(name, ".bias")) {
        EXPECT_TRUE((values == 0).all().item<bool>()) << name;
        continue;
      }
      if (name.find("norm") != std::string::npos) {
        EXPECT_TRUE((values == 1).all().item<bool>()) << name;
        continue;
      }
      const bool residual = ends_with(name, "o_proj.weight") || ends_with(name, "down_proj.weight");
      const double variance =
          config.initial_deviation * config.initial_deviation / (residual ? 2 * 3 : 1);
      const auto count = static_cast<double>(values.numel());
      // A sample's mean has deviation σ/√n, its variance σ²·√(2/n), the share within σ √(p(1−p)/n).
      EXPECT_NEAR(values.mean().item<double>(), 0, 4.5 * std::sqrt(variance / count))
          << name << " seed " << seed;
      EXPECT_NEAR(values.square().mean().item<double>() / variance, 1, 4.5 * std::sqrt(2 / count))
          << name << " seed " << seed;
      const double within =
          (values.abs() < std::sqrt(variance)).to(at::kDouble).mean().item<double>();
      EXPECT_NEAR(within, std::erf(std::sqrt(0.5)), 4.5 * std::sqrt(0.2168 / count))
          << name << " seed " << seed;
    }
  }
}

TEST(Initialisation, EqualSeedsGiveEqualBitsAndOthersDiffer) {
  const spec::ModelConfig config = config_with_every_weight();
  const Transformer a(config, kInitialisedPieces, 1);
  const Transformer b(config, kInitialisedPieces, 1);
  const Transformer c(config, kInitialisedPieces, 2);
  for (std::size_t at = 0; at < a.parameters().list().size(); ++at) {
    const auto& [name, weight] = a.parameters().list()[at];
    EXPECT_TRUE(weight.equal(b.parameters().list()[at].second)) << name;
    const bool drawn = !ends_with(name, ".bias") && name.find("norm") == std::string::npos;
    EXPECT_EQ(weight.equal(c.parameters().list()[at].second), !drawn) << name;
  }
}

TEST(Initialisation, NoTwoWeightsAreCopies) {
  const Transformer model(config_with_every_weight(), kInitialisedPieces, 1);
  std::map<std::vector<float>, std::string> beginnings;
  for (const auto& [name, weight] : model.parameters().list()) {
    if (ends_with(name, ".bias") || name.find("norm") != std::string::npos) continue;
    const float* data = weight.const_data_ptr<float>();
    const auto [there, fresh] = beginnings.emplace(std::vector<float>(data, data + 4), name);
    EXPECT_TRUE(fresh) << name << " begins as " << there->second;
  }
}

TEST(Initialisation, StartsNearTheUniformGuess) {
  spec::ModelConfig config;
  const Transformer model(config, kInitialisedPieces, 1);
  const Tensor logits = tests::logits_of(model, {5, 17, 200, 4});
  const Tensor surprise = -logits.log_softmax(-1).mean();
  // Logits of deviation s = 0.02 · √128 add about s² / 2 = 0.03; the seed is fixed.
  EXPECT_NEAR(surprise.item<double>(), std::log(300.0), 0.1);
}

TEST(Initialisation, CountsItsWeights) {
  spec::ModelConfig config;  // width 128, 2 layers, feed-forward 512, layer norm without bias, tied
  EXPECT_EQ(Transformer(config, kInitialisedPieces, 1).parameters().count(),
            300 * 128 + 2 * (4 * 128 * 128 + 2 * 128 * 512 + 2 * 128) + 128);
}

}  // namespace
}  // namespace qkv::model
