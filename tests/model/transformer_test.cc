#include "model/transformer.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/format.h"
#include "reference.h"

namespace qkv::model {
namespace {

using tests::Matrix;
using tests::Reference;
using tests::tiny_model_config;

constexpr std::int64_t kVocabulary = 7;

/// Compares the model with the loops, on one row with two documents.
void expect_same_as_loops(const spec::ModelConfig& config, const std::string& what) {
  const Transformer model(config, kVocabulary, 1, at::kDouble);
  tests::randomise(model.parameters(), 3);
  const std::vector<std::int64_t> ids = {3, 6, 0, 6, 1};
  const std::vector<std::int64_t> positions = {0, 1, 2, 0, 1};
  const std::vector<std::int64_t> documents = {0, 0, 0, 1, 1};
  const torch::NoGradGuard no_gradients;
  const Tokens tokens{.ids = tests::token_ids(ids),
                      .positions = tests::token_ids(positions),
                      .documents = tests::token_ids(documents)};
  const Matrix found = tests::to_matrix(model.logits(model.hidden(tokens))[0]);
  const Matrix expected = Reference(config, model.parameters()).logits(ids, positions, documents);
  double largest = 0;
  for (std::size_t t = 0; t < ids.size(); ++t) {
    for (std::size_t piece = 0; piece < kVocabulary; ++piece) {
      largest = std::max(largest, std::abs(found[t][piece] - expected[t][piece]));
    }
  }
  EXPECT_LT(largest, 1e-11) << what;
  EXPECT_GT(std::abs(expected[0][0]), 0) << what;
}

TEST(Transformer, AgreesWithLoopsForEveryPositionNormAndAttention) {
  spec::ModelConfig config = tiny_model_config();
  for (const spec::Position position : spec::all<spec::Position>()) {
    for (const spec::Norm norm : spec::all<spec::Norm>()) {
      for (const spec::Objective objective : spec::all<spec::Objective>()) {
        config.position = position;
        config.norm = norm;
        config.objective = objective;
        const std::string what = base::concat(position, " ", norm, " ", objective, " ");
        config.attention = {};
        for (const std::int64_t shared : {4, 2, 1}) {
          config.key_value_heads = shared;
          config.attention.scaled = true;
          expect_same_as_loops(config, base::concat(what, shared, " key/value heads"));
          config.attention.scaled = false;
          expect_same_as_loops(config, base::concat(what, shared, " key/value heads, unscaled"));
          config.attention = {.query_key_norm = true};
          expect_same_as_loops(config, base::concat(what, shared, " key/value heads, normed"));
          config.attention = {.value_residual = true};
          expect_same_as_loops(config, base::concat(what, shared, " heads, value residual"));
          config.attention = {.projection = spec::Projection::kLearned,
                              .weights = spec::Weighting::kUniform,
                              .scaled = true};
          expect_same_as_loops(config, base::concat(what, shared, " key/value heads, uniform"));
          config.attention = {};
        }
        config.key_value_heads = 4;
        config.attention = {.projection = spec::Projection::kIdentity,
                            .weights = spec::Weighting::kSoftmax,
                            .scaled = true};
        expect_same_as_loops(config, what + "identity");
        config.attention.query_key_norm = true;
        expect_same_as_loops(config, what + "identity, normed");
        config.attention = {.projection = spec::Projection::kIdentity,
                            .weights = spec::Weighting::kUniform,
                            .scaled = true};
        expect_same_as_loops(config, what + "identity, uniform");
        config.attention = {.projection = spec::Projection::kLearned,
                            .weights = spec::Weighting::kNone,
                            .scaled = true};
        expect_same_as_loops(config, what + "no attention");
      }
    }
  }
}

TEST(Transformer, AgreesWithLoopsForEveryActivationBiasAndHead) {
  spec::ModelConfig config = tiny_model_config();
  for (const spec::Activation activation : spec::all<spec::Activation>()) {
    for (const bool bias : {false, true}) {
      for (const bool tied : {false, true}) {
        config.feed_forward.activation = activation;
        config.bias = bias;
        config.tied_embeddings = tied;
        expect_same_as_loops(config,
                             base::concat(activation, bias ? " bias" : "", tied ? " tied" : ""));
      }
    }
  }
}

TEST(Transformer, NamesAndShapesOfItsWeightsAreThoseOfTheFormat) {
  spec::ModelConfig config = tiny_model_config();
  config.layers = 1;
  config.key_value_heads = 2;
  config.position = spec::Position::kLearned;
  config.feed_forward.activation = spec::Activation::kSwiglu;
  config.tied_embeddings = false;
  config.bias = true;
  const Transformer model(config, kVocabulary, 1);
  std::map<std::string, std::string> found;
  for (const auto& [name, weight] : model.parameters().list()) {
    found[name] = shape_text(weight.sizes());
  }
  const std::string layer = "model.layers.0.";
  const std::map<std::string, std::string> expected = {
      {"model.embed_tokens.weight", "[7, 8]"},
      {"model.embed_positions.weight", "[6, 8]"},
      {layer + "input_layernorm.weight", "[8]"},
      {layer + "input_layernorm.bias", "[8]"},
      {layer + "self_attn.q_proj.weight", "[8, 8]"},
      {layer + "self_attn.q_proj.bias", "[8]"},
      {layer + "self_attn.k_proj.weight", "[4, 8]"},
      {layer + "self_attn.k_proj.bias", "[4]"},
      {layer + "self_attn.v_proj.weight", "[4, 8]"},
      {layer + "self_attn.v_proj.bias", "[4]"},
      {layer + "self_attn.o_proj.weight", "[8, 8]"},
      {layer + "self_attn.o_proj.bias", "[8]"},
      {layer + "post_attention_layernorm.weight", "[8]"},
      {layer + "post_attention_layernorm.bias", "[8]"},
      {layer + "mlp.gate_proj.weight", "[12, 8]"},
      {layer + "mlp.gate_proj.bias", "[12]"},
      {layer + "mlp.up_proj.weight", "[12, 8]"},
      {layer + "mlp.up_proj.bias", "[12]"},
      {layer + "mlp.down_proj.weight", "[8, 12]"},
      {layer + "mlp.down_proj.bias", "[8]"},
      {"model.norm.weight", "[8]"},
      {"model.norm.bias", "[8]"},
      {"lm_head.weight", "[7, 8]"},
  };
  EXPECT_EQ(found, expected);
}

TEST(Transformer, LeavesOutWhatTheConfigLeavesOut) {
  spec::ModelConfig config = tiny_model_config();
  config.attention.weights = spec::Weighting::kNone;
  config.feed_forward.activation = spec::Activation::kNone;
  config.bias = false;
  const Transformer model(config, kVocabulary, 1);
  std::vector<std::string> names;
  for (const auto& [name, weight] : model.parameters().list()) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"model.embed_tokens.weight", "model.norm.weight"}));
}

TEST(Transformer, RefusesMoreTokensThanTheContextAndOtherShapes) {
  const Transformer model(tiny_model_config(), kVocabulary, 1);
  EXPECT_THROW(tests::logits_of(model, {1, 2, 3, 4, 5, 6, 0}), base::Error);
  EXPECT_NO_THROW(tests::logits_of(model, {1, 2, 3, 4, 5, 6}));
  EXPECT_THROW(
      model.hidden({.ids = torch::zeros({3}, at::kLong), .positions = {}, .documents = {}}),
      base::Error);
}

TEST(Transformer, RefusesAnIdOutsideTheVocabulary) {
  const Transformer model(tiny_model_config(), kVocabulary, 1);
  EXPECT_NO_THROW(tests::logits_of(model, {kVocabulary - 1}));
  EXPECT_THROW(tests::logits_of(model, {kVocabulary}), base::Error);
  EXPECT_THROW(tests::logits_of(model, {-1}), base::Error);
}

TEST(Transformer, RefusesPositionsAndDocumentsOfAnotherShape) {
  const Transformer model(tiny_model_config(), kVocabulary, 1);
  const Tensor ids = tests::token_ids({1, 2, 3});
  const Tensor two = tests::token_ids({0, 1});
  EXPECT_THROW(model.hidden({.ids = ids, .positions = two, .documents = {}}), base::Error);
  EXPECT_THROW(model.hidden({.ids = ids, .positions = {}, .documents = two}), base::Error);
}

}  // namespace
}  // namespace qkv::model
