#include "train/gradients.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <string>
#include <vector>

#include "base/random.h"
#include "fused/step.h"
#include "train/fused_training.h"

namespace qkv {
namespace {

struct Case {
  const char* name;
  Config config;
  std::int64_t vocabulary = 50;
  bool documents = false;
};

Config small() {
  Config config;
  config.model.layers = 2;
  config.model.heads = config.model.key_value_heads = 4;
  config.model.width = 32;
  config.model.context = 24;
  config.model.feed_forward.width = 48;
  config.model.position = "none";
  config.model.initial_deviation = 0.2;  // so that no part of the formula is too small to be seen
  config.training.batch_size = 5;
  config.runtime = {.device = "cpu", .precision = "float32", .threads = 2, .kernels = "fused"};
  return config;
}

/// Random tokens; with documents some of all lengths from 1 on, padding at the end and targets
/// that are ignored.
Batch random_batch(const Case& c, std::uint64_t key) {
  RandomStream random(key);
  Batch batch;
  batch.rows = c.config.training.batch_size;
  batch.context = c.config.model.context;
  for (std::int64_t row = 0; row < batch.rows; ++row) {
    std::int32_t document = 0;
    std::int32_t position = 0;
    for (std::int64_t place = 0; place < batch.context; ++place) {
      batch.inputs.push_back(
          static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(c.vocabulary))));
      const bool ignored = (c.documents || !c.config.model.causal()) && random.below(3) == 0;
      batch.targets.push_back(ignored ? Batch::kIgnored
                                      : static_cast<std::int32_t>(random.below(
                                            static_cast<std::uint64_t>(c.vocabulary))));
      if (!c.documents) continue;
      if (random.below(6) == 0) {
        ++document;
        position = 0;
      }
      const bool padding = place > batch.context - 4;
      if (padding) batch.targets.back() = Batch::kIgnored;
      batch.documents.push_back(padding ? -1 : document);
      batch.positions.push_back(position++);
    }
  }
  return batch;
}

struct Made {
  double loss;
  std::vector<std::pair<std::string, Tensor>> gradients;
};

Made make(Config config, const Case& c, const char* kernels, const char* precision) {
  config.runtime.kernels = kernels;
  config.runtime.precision = precision;
  const Runtime runtime = set_up_runtime(config.runtime);
  const auto model = make_model(config.model, c.vocabulary, 5);
  const auto fused = fused_training(*model, config, runtime);
  const auto plain = plain_gradients(*model, config, runtime);
  EXPECT_EQ(fused != nullptr, config.runtime.kernels == "fused");
  Gradients& gradients = fused ? *fused : *plain;
  const std::vector<Batch> batches = {random_batch(c, 1), random_batch(c, 2)};
  std::uint64_t predicted = 0;
  for (const Batch& batch : batches) predicted += predicted_in(batch);
  Made made{};
  // The second time everything has been used before.
  for (int time = 0; time < 2; ++time) {
    for (const auto& [name, weight] : model->parameters().list())
      if (weight.grad().defined()) weight.grad().zero_();
    made.loss = gradients.make(batches, 0, predicted);
  }
  for (const auto& [name, weight] : model->parameters().list())
    made.gradients.emplace_back(name, weight.grad().clone());
  return made;
}

std::vector<Case> cases() {
  std::vector<Case> cases;
  const auto add = [&](const char* name) -> Case& {
    return cases.emplace_back(Case{name, small()});
  };
  add("plainest");
  add("bias").config.model.bias = true;
  for (const char* position : {"sinusoidal", "learned", "rotary", "alibi"})
    add(position).config.model.position = position;
  {
    Case& c = add("documents, alibi, bias");
    c.config.model.position = "alibi";
    c.config.model.bias = true;
    c.documents = true;
  }
  {
    Case& c = add("masked, documents, learned");
    c.config.model.position = "learned";
    c.config.model.objective = "masked";
    c.documents = true;
  }
  add("masked, rotary").config.model.objective = "masked";
  cases.back().config.model.position = "rotary";
  for (const char* activation : {"relu", "relu2", "silu", "swiglu", "none"})
    add(activation).config.model.feed_forward.activation = activation;
  add("swiglu and bias").config.model.feed_forward.activation = "swiglu";
  cases.back().config.model.bias = true;
  add("rms, grouped, untied").config.model.norm = "rms";
  cases.back().config.model.key_value_heads = 2;
  cases.back().config.model.tied_embeddings = false;
  cases.back().config.model.position = "rotary";
  add("no attention").config.model.attention.weights = "none";
  add("unscaled").config.model.attention.scaled = false;
  {
    Case& c = add("odd sizes");  // no side a multiple of a vector
    c.vocabulary = 3;
    c.config.model.width = 21;
    c.config.model.heads = c.config.model.key_value_heads = 3;
    c.config.model.feed_forward.width = 29;
    c.config.model.context = 7;
    c.config.training.batch_size = 3;
  }
  add("one token").config.model.context = 1;
  add("head of 128").config.model.width = 256;
  cases.back().config.model.heads = cases.back().config.model.key_value_heads = 2;
  add("head of 8, passes of 25 and 24 or 23 rows").config.training.batch_size = 97;
  add("more threads than rows").config.training.batch_size = 1;
  return cases;
}

/// How far `found` is from `expected`, relative to its norm, or to a hundredth of the whole
/// gradient's where it hardly matters (a key's bias changes nothing: its gradient is rounding).
std::vector<double> differences(const Made& found, const Made& expected) {
  double whole = 0;
  for (const auto& [name, gradient] : expected.gradients)
    whole += std::pow(gradient.norm().item<double>(), 2);
  std::vector<double> differences;
  for (std::size_t place = 0; place < expected.gradients.size(); ++place) {
    const Tensor& right = expected.gradients[place].second;
    const double scale = std::max(right.norm().item<double>(), 1e-2 * std::sqrt(whole));
    differences.push_back((found.gradients[place].second - right).norm().item<double>() / scale);
  }
  return differences;
}

TEST(FusedGradients, EqualTheModelsInFloat32) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    const Made plain = make(c.config, c, "plain", "float32");
    const Made fused = make(c.config, c, "fused", "float32");
    EXPECT_NEAR(fused.loss, plain.loss, 2e-6 * plain.loss);
    const std::vector<double> away = differences(fused, plain);
    for (std::size_t place = 0; place < away.size(); ++place)
      EXPECT_LT(away[place], 2e-5) << plain.gradients[place].first;
  }
}

TEST(FusedGradients, AreAsNearInBfloat16AsTheModelsByAutocast) {
  if (!FusedStep::supports(small().model, /*bfloat16=*/true))
    GTEST_SKIP() << "not on this processor";
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    const Made exact = make(c.config, c, "plain", "float32");
    const Made autocast = make(c.config, c, "plain", "bfloat16");
    const Made fused = make(c.config, c, "fused", "bfloat16");
    EXPECT_NEAR(fused.loss, exact.loss, 1e-2 * exact.loss);
    const std::vector<double> theirs = differences(autocast, exact);
    const std::vector<double> ours = differences(fused, exact);
    for (std::size_t place = 0; place < ours.size(); ++place)
      EXPECT_LT(ours[place], std::max(1.5 * theirs[place], 0.02)) << exact.gradients[place].first;
  }
}

TEST(FusedGradients, DropEverythingTheSameWayTwice) {
  Case c{"dropout", small()};
  c.config.model.dropout = 0.3;
  const Made first = make(c.config, c, "fused", "float32");
  const Made second = make(c.config, c, "fused", "float32");
  EXPECT_EQ(first.loss, second.loss);
  for (std::size_t place = 0; place < first.gradients.size(); ++place)
    EXPECT_TRUE(first.gradients[place].second.equal(second.gradients[place].second));
  c.config.seed = 2;
  EXPECT_NE(make(c.config, c, "fused", "float32").loss, first.loss);
}

}  // namespace
}  // namespace qkv
