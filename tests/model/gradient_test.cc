// Every gradient against central finite differences in double.

#include <gtest/gtest.h>

#include <functional>

#include "base/format.h"
#include "support.h"

namespace qkv::model {
namespace {

using tests::random_tensor;

using Leaves = std::vector<std::pair<std::string, Tensor>>;

/// Compares the gradient of `loss` for every number in `leaves` with (loss(x+h) − loss(x−h)) / 2h.
void expect_gradients(const std::function<Tensor()>& loss, const Leaves& leaves,
                      const std::string& what) {
  constexpr double kStep = 1e-5;
  for (const auto& [name, leaf] : leaves) leaf.mutable_grad() = Tensor();
  loss().backward();
  const torch::NoGradGuard no_gradients;
  double largest = 0;
  for (const auto& [name, leaf] : leaves) {
    ASSERT_TRUE(leaf.grad().defined()) << what << ": no gradient reaches " << name;
    const Tensor gradient = leaf.grad().contiguous();
    for (std::int64_t at = 0; at < leaf.numel(); ++at) {
      double& value = leaf.data_ptr<double>()[at];
      const double kept = value;
      value = kept + kStep;
      const double above = loss().item<double>();
      value = kept - kStep;
      const double below = loss().item<double>();
      value = kept;
      const double expected = (above - below) / (2 * kStep);
      const double found = gradient.data_ptr<double>()[at];
      // The first term is the error of the formula, h² = 1e-10 times some thousands at most of
      // third derivatives. The second is the rounding of the differences themselves, about 1e-16 ·
      // loss / h for a loss below 100, on any processor.
      const double allowed = 1e-6 * std::max(std::abs(expected), std::abs(found)) + 2e-9;
      ASSERT_NEAR(found, expected, allowed) << what << ": " << name << "[" << at << "]";
      largest = std::max(largest, std::abs(found));
    }
  }
  EXPECT_GT(largest, 1e-3) << what << ": all gradients vanish";
}

spec::ModelConfig small_config() {
  spec::ModelConfig config = tests::tiny_model_config();
  config.layers = 1;
  config.heads = config.key_value_heads = 2;
  config.width = 4;
  config.context = 3;
  config.feed_forward.width = 5;
  return config;
}

/// The weights of one part of a model, and what it reads.
Leaves with_input(const Parameters& parameters, const std::string& part, const Tensor& x) {
  Leaves leaves = tests::weights_of(parameters, part);
  leaves.emplace_back("input", x);
  return leaves;
}

Tensor input(at::IntArrayRef shape, unsigned seed) {
  return random_tensor(shape, seed).requires_grad_();
}

/// A scalar to which every output contributes differently.
Tensor weighed(const Tensor& output) { return (output * random_tensor(output.sizes(), 99)).sum(); }

TEST(Gradient, Embedding) {
  const Parameters parameters = tests::parameters_of(small_config());
  const Embedding embedding(parameters);
  const Tensor ids = tests::token_ids({1, 3, 1});
  expect_gradients([&] { return weighed(embedding(ids)); },
                   tests::weights_of(parameters, "embed_tokens"), "embedding");
}

TEST(Gradient, EachPosition) {
  const Tensor places = tests::token_ids({0, 2, 1});
  for (const spec::Position kind : spec::all<spec::Position>()) {
    spec::ModelConfig config = small_config();
    config.position = kind;
    config.width = 8;
    const Parameters parameters = tests::parameters_of(config);
    const Position position(parameters, config);
    const Tensor x = input({1, 2, 3, 4}, 1);
    const Tensor embedded = input({1, 3, 8}, 2);
    Leaves leaves = with_input(parameters, "embed_positions", x);
    leaves.emplace_back("embedded", embedded);
    const auto loss = [&] {
      const Tensor turned = position.rotate(x, places);
      Tensor scores = at::matmul(turned, turned.transpose(2, 3));
      if (const Tensor bias = position.bias(3); bias.defined()) scores = scores + bias;
      const Tensor added = position.added(places);
      return weighed(scores.softmax(-1)) +
             weighed((added.defined() ? embedded + added : embedded).square());
    };
    expect_gradients(loss, leaves, base::concat(kind));
  }
}

TEST(Gradient, EachNorm) {
  for (const spec::Norm kind : spec::all<spec::Norm>()) {
    spec::ModelConfig config = small_config();
    config.norm = kind;
    const Parameters parameters = tests::parameters_of(config);
    const Norm norm(parameters, parameters.weights().norm, config);
    tests::randomise(parameters, 1);
    const Tensor x = input({2, 3, 4}, 1);
    expect_gradients([&] { return weighed(norm(x)); }, with_input(parameters, "model.norm", x),
                     base::concat(kind));
  }
}

TEST(Gradient, EachFeedForward) {
  for (const spec::Activation activation : spec::all<spec::Activation>()) {
    if (activation == spec::Activation::kNone) continue;  // there is no such layer
    spec::ModelConfig config = small_config();
    config.feed_forward.activation = activation;
    const Parameters parameters = tests::parameters_of(config);
    const FeedForward layer(parameters, parameters.weights().layers[0], config);
    tests::randomise(parameters, 2);
    const Tensor x = input({1, 3, 4}, 1);
    expect_gradients([&] { return weighed(layer(x, {}, "")); },
                     with_input(parameters, "layers.0.mlp", x), base::concat(activation));
  }
}

void expect_attention_gradients(const spec::ModelConfig& config, const std::string& what,
                                const Tensor& documents = {}, const Dropout& dropout = {}) {
  const Parameters parameters = tests::parameters_of(config);
  const Position position(parameters, config);
  const Attention attention(parameters, parameters.weights().layers[0], config, 0);
  tests::randomise(parameters, 3);
  const Tensor x = input({1, 3, config.width}, 1);
  const Tensor places = tests::token_ids({0, 1, 2});
  const Mask mask = make_mask(config.causal(), 3, documents, at::kCPU);
  const Pass pass{.taps = nullptr, .dropout = dropout};
  const Leaves leaves = with_input(parameters, "layers.0.self_attn", x);
  Tensor first_value;
  expect_gradients(
      [&] { return weighed(attention(x, places, position, mask, pass, "", first_value)); }, leaves,
      what);
}

TEST(Gradient, EachAttention) {
  spec::ModelConfig config = small_config();
  for (const spec::Position kind : spec::all<spec::Position>()) {
    for (const spec::Objective objective : spec::all<spec::Objective>()) {
      config.position = kind;
      config.objective = objective;
      expect_attention_gradients(config, base::concat(kind, " ", objective));
    }
  }
  config = small_config();
  config.key_value_heads = 1;
  expect_attention_gradients(config, "shared keys and values");
  config.attention.scaled = false;
  expect_attention_gradients(config, "unscaled");
  config.attention = {.query_key_norm = true};
  expect_attention_gradients(config, "query/key norm");
  config.attention = {.projection = spec::Projection::kLearned,
                      .weights = spec::Weighting::kUniform,
                      .scaled = true};
  expect_attention_gradients(config, "uniform");
  config = small_config();
  config.attention.projection = spec::Projection::kIdentity;
  expect_attention_gradients(config, "identity");
  expect_attention_gradients(small_config(), "documents", tests::token_ids({0, 0, 1}));
  expect_attention_gradients(small_config(), "dropout", {}, Dropout(0.3, 1, 2));
}

TEST(Gradient, Block) {
  const spec::ModelConfig config = small_config();
  const Parameters parameters = tests::parameters_of(config);
  const Position position(parameters, config);
  const Block block(parameters, config, 0);
  tests::randomise(parameters, 4);
  const Tensor x = input({2, 3, 4}, 1);
  const Mask mask = make_mask(true, 3, {}, at::kCPU);
  const Pass pass{.taps = nullptr, .dropout = Dropout(0.2, 1, 1)};
  expect_gradients(
      [&] {
        Tensor first_value;
        return weighed(block(x, tests::token_ids({0, 1, 2}), position, mask, pass, first_value));
      },
      with_input(parameters, "layers.0.", x), "block");
}

void expect_model_gradients(const spec::ModelConfig& config, const std::string& what) {
  const auto made = make_model(config, 5, 1, at::kDouble);
  const Model& model = *made;
  tests::randomise(model.parameters(), 5);
  const Tensor targets = torch::tensor({3, 0, 2}, at::kLong);
  const Tokens tokens{.ids = tests::token_ids({1, 3, 0}), .positions = {}, .documents = {}};
  const auto loss = [&] {
    const Tensor logits = model.logits(model.hidden(tokens))[0];
    return (logits.logsumexp(-1) - logits.gather(1, targets.unsqueeze(1)).squeeze(1)).mean();
  };
  expect_gradients(loss, model.parameters().list(), what);
}

TEST(Gradient, WholeModelWithCrossEntropy) {
  spec::ModelConfig config = small_config();
  for (const spec::Position kind : spec::all<spec::Position>()) {
    config.position = kind;
    expect_model_gradients(config, base::concat(kind));
  }
  config.layers = 2;
  config.objective = spec::Objective::kMasked;
  config.norm = spec::Norm::kRms;
  config.tied_embeddings = false;
  config.feed_forward.activation = spec::Activation::kSwiglu;
  config.key_value_heads = 1;
  expect_model_gradients(config, "masked, rms, untied, swiglu, shared");
}

TEST(Gradient, WholeRecurrentModelWithCrossEntropy) {
  spec::ModelConfig config = small_config();
  config.layers = 2;
  for (const spec::Architecture kind : {spec::Architecture::kLstm, spec::Architecture::kGru}) {
    for (const spec::Objective objective : spec::all<spec::Objective>()) {
      config.kind = kind;
      config.objective = objective;
      expect_model_gradients(config, base::concat(kind, " ", objective));
    }
  }
}

}  // namespace
}  // namespace qkv::model
