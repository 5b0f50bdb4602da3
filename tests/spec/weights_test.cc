#include "spec/weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace qkv::spec {
namespace {

// Counted by hand, layer by layer.

TEST(CountParameters, ShakespeareChar) {
  // Embeddings 65·128, positions 64·128; in each of 4 layers two norms of 128, four 128² in
  // attention, 128·512 up and down; a last norm. Without positions that is nanoGPT's "0.80M".
  ModelConfig model;
  model.layers = 4;
  model.context = 64;
  model.position = Position::kLearned;
  EXPECT_EQ(count_parameters(model, 65), 8320 + 8192 + 4 * (2 * 128 + 4 * 16384 + 2 * 65536) + 128);
  EXPECT_EQ(count_parameters(model, 65), 804096);
}

TEST(CountParameters, BabyGpt) {
  // nanoGPT says 10.65M: it leaves out the 256·384 positions.
  ModelConfig model;
  model.layers = 6;
  model.heads = model.key_value_heads = 6;
  model.width = 384;
  model.feed_forward.width = 1536;
  model.position = Position::kLearned;
  EXPECT_EQ(count_parameters(model, 65), 10646784 + 256 * 384);
}

ModelConfig tiny() {
  ModelConfig model;
  model.layers = 1;
  model.heads = 4;
  model.key_value_heads = 2;
  model.width = 8;
  model.context = 5;
  model.feed_forward = {12, Activation::kGelu};
  model.position = Position::kSinusoidal;
  return model;
}

TEST(CountParameters, EachPart) {
  // Vocabulary 10: embeddings 80, norm 8, q 64, k and v 4·8 each, o 64, norm 8, up 96, down 96,
  // norm 8.
  EXPECT_EQ(count_parameters(tiny(), 10), 80 + 8 + 64 + 32 + 32 + 64 + 8 + 96 + 96 + 8);
  const auto more = [](const auto& change) {
    ModelConfig model = tiny();
    change(model);
    return count_parameters(model, 10) - count_parameters(tiny(), 10);
  };
  EXPECT_EQ(more([](ModelConfig& m) { m.tied_embeddings = false; }), 80);
  EXPECT_EQ(more([](ModelConfig& m) { m.position = Position::kLearned; }), 40);
  EXPECT_EQ(more([](ModelConfig& m) { m.position = Position::kRotary; }), 0);
  EXPECT_EQ(more([](ModelConfig& m) { m.feed_forward.activation = Activation::kSwiglu; }), 96);
  EXPECT_EQ(more([](ModelConfig& m) { m.norm = Norm::kRms; }), 0);
  EXPECT_EQ(more([](ModelConfig& m) { m.attention.query_key_norm = true; }), 2 + 2);
  // Only layers after the first have the two factors.
  EXPECT_EQ(more([](ModelConfig& m) { m.attention.value_residual = true; }), 0);
  const auto deep = [](bool residual) {
    ModelConfig model = tiny();
    model.layers = 7;
    model.attention.value_residual = residual;
    return count_parameters(model, 10);
  };
  EXPECT_EQ(deep(true) - deep(false), 6 * 2);
  EXPECT_EQ(more([](ModelConfig& m) { m.layers = 3; }), 2 * (8 + 64 + 32 + 32 + 64 + 8 + 96 + 96));
  EXPECT_EQ(more([](ModelConfig& m) { m.attention.projection = Projection::kIdentity; }),
            -(64 + 32 + 32));
  EXPECT_EQ(more([](ModelConfig& m) { m.attention.weights = Weighting::kNone; }),
            -(8 + 64 + 32 + 32 + 64));
  EXPECT_EQ(more([](ModelConfig& m) { m.attention.weights = Weighting::kUniform; }), -(64 + 32));
  EXPECT_EQ(more([](ModelConfig& m) { m.feed_forward.activation = Activation::kNone; }),
            -(8 + 96 + 96));
  // Biases: q 8, k 4, v 4, o 8, up 12, down 8, and three layer norms of 8.
  EXPECT_EQ(more([](ModelConfig& m) { m.bias = true; }), 44 + 24);
  EXPECT_EQ(more([](ModelConfig& m) {
              m.bias = true;
              m.norm = Norm::kRms;
              m.tied_embeddings = false;
            }),
            44 + 80);
}

TEST(CountParameters, OfARecurrentNet) {
  // Vocabulary 10: embeddings 80, norm 8; four gates of 8 numbers, each from 8 inputs and 8 states
  // with two biases; three for a gru. Masked: two directions of 4 numbers.
  ModelConfig model = tiny();
  model.kind = Architecture::kLstm;
  EXPECT_EQ(count_parameters(model, 10), 80 + 8 + 4 * 8 * (8 + 8 + 2));
  model.position = Position::kLearned;  // which means nothing to it
  model.layers = 3;
  EXPECT_EQ(count_parameters(model, 10), 80 + 8 + 3 * 4 * 8 * (8 + 8 + 2));
  model.kind = Architecture::kGru;
  EXPECT_EQ(count_parameters(model, 10), 80 + 8 + 3 * 3 * 8 * (8 + 8 + 2));
  model.objective = Objective::kMasked;
  EXPECT_EQ(count_parameters(model, 10), 80 + 8 + 3 * 2 * 3 * 4 * (8 + 4 + 2));
}

TEST(CountParameters, IsTheSumOverTheList) {
  for (const Architecture kind : all<Architecture>()) {
    for (const Objective objective : all<Objective>()) {
      ModelConfig model = tiny();
      model.layers = 3;
      model.kind = kind;
      model.objective = objective;
      model.bias = true;
      double sum = 0;
      for (const Weight& weight : WeightList(model, 10).all) {
        double size = 1;
        for (const std::int64_t side : weight.shape) size *= static_cast<double>(side);
        sum += size;
      }
      EXPECT_EQ(count_parameters(model, 10), sum) << kind << " " << objective;
    }
  }
}

TEST(CountParameters, OfWhatNoMachineHolds) {
  ModelConfig model;
  model.layers = std::int64_t{1} << 60;
  model.width = std::int64_t{1} << 40;
  EXPECT_GT(count_parameters(model, std::int64_t{1} << 40), 1e42);
}

const Weight& find(const WeightList& list, const std::string& name) {
  for (const Weight& weight : list.all) {
    if (weight.name == name) return weight;
  }
  throw std::out_of_range(name);
}

TEST(WeightList, MatricesAndTablesDecayAndMuonTakesTheMatrices) {
  ModelConfig model = tiny();
  model.bias = true;
  model.position = Position::kLearned;
  model.tied_embeddings = false;
  const WeightList list(model, 10);
  std::set<std::string> tables;
  for (const Weight& weight : list.all) {
    EXPECT_EQ(weight.decays(), weight.shape.size() == 2) << weight.name;
    EXPECT_FALSE(by_muon(Optimizer::kAdamw, weight)) << weight.name;
    if (weight.role == Role::kTable) tables.insert(weight.name);
    EXPECT_EQ(by_muon(Optimizer::kMuon, weight), weight.role == Role::kMatrix) << weight.name;
  }
  EXPECT_EQ(tables, (std::set<std::string>{"model.embed_tokens.weight",
                                           "model.embed_positions.weight", "lm_head.weight"}));
}

TEST(WeightList, WhatWritesIntoTheResidualStreamStartsSmaller) {
  ModelConfig model = tiny();
  model.layers = 8;
  model.initial_deviation = 0.1;
  const WeightList list(model, 10);
  const auto start = [&](const char* name) {
    return find(list, std::string("model.layers.3.") + name).initial.value;
  };
  EXPECT_EQ(start("self_attn.q_proj.weight"), 0.1);
  EXPECT_EQ(start("mlp.up_proj.weight"), 0.1);
  EXPECT_EQ(start("self_attn.o_proj.weight"), 0.025);  // / √(2 · 8)
  EXPECT_EQ(start("mlp.down_proj.weight"), 0.025);
}

TEST(WeightList, ItsPlacesAreThoseOfTheNames) {
  ModelConfig model = tiny();
  model.layers = 2;
  model.bias = true;
  model.feed_forward.activation = Activation::kSwiglu;
  const WeightList list(model, 10);
  const auto name = [&](WeightIndex index) {
    return list.all.at(static_cast<std::size_t>(index)).name;
  };
  EXPECT_EQ(list.positions, kAbsent);
  EXPECT_EQ(list.head, list.embedding);
  ASSERT_EQ(list.layers.size(), 2U);
  EXPECT_EQ(name(list.layers[1].query.weight), "model.layers.1.self_attn.q_proj.weight");
  EXPECT_EQ(name(list.layers[1].key.bias), "model.layers.1.self_attn.k_proj.bias");
  EXPECT_EQ(name(list.layers[1].gate.weight), "model.layers.1.mlp.gate_proj.weight");
  EXPECT_EQ(name(list.layers[1].feed_forward_norm.bias),
            "model.layers.1.post_attention_layernorm.bias");
  EXPECT_EQ(name(list.norm.weight), "model.norm.weight");
  model.attention.weights = Weighting::kUniform;
  EXPECT_EQ(WeightList(model, 10).layers[0].query.weight, kAbsent);
  EXPECT_NE(WeightList(model, 10).layers[0].value.weight, kAbsent);
}

}  // namespace
}  // namespace qkv::spec
