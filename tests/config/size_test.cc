#include <gtest/gtest.h>

#include "config/config.h"

// Counted by hand, layer by layer.
namespace qkv::config {
namespace {

ModelConfig shipped(const std::string& name) {
  return load_config(std::filesystem::path(QKV_SOURCE_DIR) / "configs" / name).model;
}

TEST(CountParameters, ShakespeareChar) {
  // Embeddings 65·128, positions 64·128; in each of 4 layers two norms of 128, four 128² in
  // attention, 128·512 up and down; a last norm. Without positions that is nanoGPT's "0.80M".
  EXPECT_EQ(count_parameters(shipped("shakespeare_char.json"), 65),
            8320 + 8192 + 4 * (2 * 128 + 4 * 16384 + 2 * 65536) + 128);
  EXPECT_EQ(count_parameters(shipped("shakespeare_char.json"), 65), 804096);
}

TEST(CountParameters, BabyGpt) {
  // nanoGPT says 10.65M: it does not count the 256·384 positions.
  EXPECT_EQ(count_parameters(shipped("baby_gpt.json"), 65), 10646784 + 256 * 384);
}

ModelConfig tiny() {
  ModelConfig model;
  model.layers = 1;
  model.heads = 4;
  model.key_value_heads = 2;
  model.width = 8;
  model.context = 5;
  model.feed_forward = {12, "gelu"};
  model.position = "sinusoidal";
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
  EXPECT_EQ(more([](ModelConfig& m) { m.position = "learned"; }), 40);
  EXPECT_EQ(more([](ModelConfig& m) { m.position = "rotary"; }), 0);
  EXPECT_EQ(more([](ModelConfig& m) { m.feed_forward.activation = "swiglu"; }), 96);
  EXPECT_EQ(more([](ModelConfig& m) { m.norm = "rms"; }), 0);
  EXPECT_EQ(more([](ModelConfig& m) { m.layers = 3; }), 2 * (8 + 64 + 32 + 32 + 64 + 8 + 96 + 96));
  EXPECT_EQ(more([](ModelConfig& m) { m.attention.projection = "identity"; }), -(64 + 32 + 32));
  EXPECT_EQ(more([](ModelConfig& m) { m.attention.weights = "none"; }), -(8 + 64 + 32 + 32 + 64));
  EXPECT_EQ(more([](ModelConfig& m) { m.attention.weights = "uniform"; }), -(64 + 32));
  EXPECT_EQ(more([](ModelConfig& m) { m.feed_forward.activation = "none"; }), -(8 + 96 + 96));
  // Biases: q 8, k 4, v 4, o 8, up 12, down 8, and three layer norms of 8.
  EXPECT_EQ(more([](ModelConfig& m) { m.bias = true; }), 44 + 24);
  EXPECT_EQ(more([](ModelConfig& m) {
              m.bias = true;
              m.norm = "rms";
              m.tied_embeddings = false;
            }),
            44 + 80);
}

TEST(CountParameters, OfARecurrentNet) {
  // Vocabulary 10: embeddings 80, norm 8; four gates of 8 numbers, each from 8 inputs and 8 states
  // with two biases; three for a gru. Masked: two directions of 4 numbers.
  ModelConfig model = tiny();
  model.kind = "lstm";
  EXPECT_EQ(count_parameters(model, 10), 80 + 8 + 4 * 8 * (8 + 8 + 2));
  model.position = "learned";  // which it does not use
  model.layers = 3;
  EXPECT_EQ(count_parameters(model, 10), 80 + 8 + 3 * 4 * 8 * (8 + 8 + 2));
  model.kind = "gru";
  EXPECT_EQ(count_parameters(model, 10), 80 + 8 + 3 * 3 * 8 * (8 + 8 + 2));
  model.objective = "masked";
  EXPECT_EQ(count_parameters(model, 10), 80 + 8 + 3 * 2 * 3 * 4 * (8 + 4 + 2));
  EXPECT_EQ(estimate_tables(model), 0);
}

TEST(EstimateMemory, OfARecurrentNetGrowsWithTheContextAlone) {
  Config config;
  config.model.kind = "lstm";
  const double small = estimate_memory(config, 500);
  EXPECT_GT(small, 4.0 * 64 * 256 * (500 + 2 * 8 * 128));
  config.model.context *= 16;
  EXPECT_LT(estimate_memory(config, 500), 16 * small);
}

TEST(EstimateMemory, GrowsWithWhatItHolds) {
  Config config;
  config.runtime.threads = 1;
  config.runtime.kernels = "plain";
  const double small = estimate_memory(config, 500);
  // At least weights, gradient and two moments, and the logits.
  EXPECT_GT(small, 16 * count_parameters(config.model, 500) + 4.0 * 64 * 256 * 500);
  config.training.batch_size *= 2;
  EXPECT_GT(estimate_memory(config, 500), 1.5 * small);
  // Scores grow with the square of the context: [batch, heads, context, context].
  config.model.context *= 16;
  EXPECT_GT(estimate_memory(config, 500), 4.0 * 128 * 4 * 4096 * 4096 * 2);
}

TEST(EstimateMemory, CountsTheLogitsOfAValidation) {
  Config config;
  config.training.batch_size = 1;
  config.runtime.threads = 8;
  const double large = estimate_memory(config, 32000);
  EXPECT_GT(large, 8 * 2048.0 * 32000 * 4 * 2);
  config.data.validation_fraction = 0;
  EXPECT_LT(estimate_memory(config, 32000), large / 10);
}

TEST(EstimateMemory, OfTheFusedStepCountsAGradientForEachThreadThatHasRows) {
  Config config;
  config.data.validation_fraction = 0;
  config.runtime.precision = "float32";
  config.model.width = 1024;
  config.training.batch_size = 2;
  config.model.context = 16;
  const double weights = 4 * count_parameters(config.model, 500);
  for (const auto& [threads, copies] : {std::pair{1, 5.0}, {2, 6.0}, {64, 6.0}}) {
    config.runtime.threads = threads;
    EXPECT_GT(estimate_memory(config, 500), copies * weights) << threads;
    EXPECT_LT(estimate_memory(config, 500), (copies + 0.5) * weights) << threads;
  }
}

TEST(EstimateMemory, OfTheFusedStepHoldsASliceAThread) {
  Config config;
  config.runtime.threads = 2;
  config.runtime.kernels = "fused";
  config.training.batch_size = 64;
  const double small = estimate_memory(config, 500);
  config.training.batch_size = 6400;  // except for the batch itself
  EXPECT_EQ(estimate_memory(config, 500), small + 32.0 * (6400 - 64) * 256);
  // Only the scores of the validation: linear in the context.
  config.training.batch_size = 64;
  config.model.context *= 16;
  EXPECT_LT(estimate_memory(config, 500), 16 * small);
  config.runtime.threads = 1;
  EXPECT_LT(estimate_memory(config, 500), 16 * small);
  // Without a fused step, everything is stored at once.
  config.training.batch_size = 6400;
  config.model.attention.projection = "identity";
  EXPECT_GT(estimate_memory(config, 500), 4.0 * 6400 * 4 * 4096 * 4096 * 2);
}

}  // namespace
}  // namespace qkv::config
