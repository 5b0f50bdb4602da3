#include "model/recurrent.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/format.h"
#include "support.h"

namespace qkv::model {
namespace {

using tests::Matrix;

constexpr std::int64_t kRecurrentPieces = 7;

spec::ModelConfig recurrent_config(spec::Architecture kind, spec::Objective objective) {
  spec::ModelConfig config = tests::tiny_model_config();
  config.kind = kind;
  config.objective = objective;
  return config;
}

/// Calls `test` with each kind, causal and masked.
template <typename Test>
void for_each_kind(const Test& test) {
  for (const spec::Architecture kind : {spec::Architecture::kLstm, spec::Architecture::kGru}) {
    for (const spec::Objective objective : spec::all<spec::Objective>()) {
      test(recurrent_config(kind, objective), base::concat(kind, " ", objective));
    }
  }
}

/// One layer in one direction again, in loops over numbers, from the formulas on PyTorch's pages of
/// LSTM and GRU.
class Loops {
 public:
  Loops(const std::map<std::string, Matrix>& weights, const std::string& end)
      : weight_ih_(weights.at("model.recurrent.weight_ih_" + end)),
        weight_hh_(weights.at("model.recurrent.weight_hh_" + end)),
        bias_ih_(weights.at("model.recurrent.bias_ih_" + end)[0]),
        bias_hh_(weights.at("model.recurrent.bias_hh_" + end)[0]) {}

  Matrix lstm(const Matrix& xs) const {
    const std::size_t hidden = weight_hh_[0].size();
    std::vector<double> h(hidden);
    std::vector<double> cell(hidden);
    Matrix out;
    for (const std::vector<double>& x : xs) {
      const std::vector<double> before = h;
      for (std::size_t at = 0; at < hidden; ++at) {
        const auto gate = [&](std::size_t number) {
          return of_input(number * hidden + at, x) + of_state(number * hidden + at, before);
        };
        const double input = sigmoid(gate(0));
        const double forget = sigmoid(gate(1));
        const double candidate = std::tanh(gate(2));
        const double output = sigmoid(gate(3));
        cell[at] = forget * cell[at] + input * candidate;
        h[at] = output * std::tanh(cell[at]);
      }
      out.push_back(h);
    }
    return out;
  }

  Matrix gru(const Matrix& xs) const {
    const std::size_t hidden = weight_hh_[0].size();
    std::vector<double> h(hidden);
    Matrix out;
    for (const std::vector<double>& x : xs) {
      const std::vector<double> before = h;
      for (std::size_t at = 0; at < hidden; ++at) {
        const double reset = sigmoid(of_input(at, x) + of_state(at, before));
        const double update = sigmoid(of_input(hidden + at, x) + of_state(hidden + at, before));
        const double fresh =
            std::tanh(of_input(2 * hidden + at, x) + reset * of_state(2 * hidden + at, before));
        h[at] = (1 - update) * fresh + update * before[at];
      }
      out.push_back(h);
    }
    return out;
  }

 private:
  static double sigmoid(double value) { return 1 / (1 + std::exp(-value)); }
  static double dot(const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0;
    for (std::size_t at = 0; at < a.size(); ++at) sum += a[at] * b[at];
    return sum;
  }
  double of_input(std::size_t row, const std::vector<double>& x) const {
    return dot(weight_ih_[row], x) + bias_ih_[row];
  }
  double of_state(std::size_t row, const std::vector<double>& h) const {
    return dot(weight_hh_[row], h) + bias_hh_[row];
  }

  Matrix weight_ih_;
  Matrix weight_hh_;
  std::vector<double> bias_ih_;
  std::vector<double> bias_hh_;
};

/// The last layer's states for one document.
Matrix states_by_loops(const Model& model, const std::vector<std::int64_t>& ids) {
  std::map<std::string, Matrix> weights;
  for (const auto& [name, weight] : model.parameters().list())
    weights[name] = tests::to_matrix(weight.dim() == 1 ? weight.unsqueeze(0) : weight);
  Matrix x;
  for (const std::int64_t id : ids)
    x.push_back(weights.at("model.embed_tokens.weight")[static_cast<std::size_t>(id)]);
  for (std::int64_t layer = 0; layer < model.config().layers; ++layer) {
    const auto run = [&](const Matrix& xs, const std::string& end) {
      const Loops loops(weights, base::concat("l", layer, end));
      return model.config().kind == spec::Architecture::kLstm ? loops.lstm(xs) : loops.gru(xs);
    };
    Matrix h = run(x, "");
    if (!model.config().causal()) {
      const Matrix backward = run({x.rbegin(), x.rend()}, "_reverse");
      for (std::size_t at = 0; at < h.size(); ++at) {
        const std::vector<double>& half = backward[h.size() - 1 - at];
        h[at].insert(h[at].end(), half.begin(), half.end());
      }
    }
    x = h;
  }
  return x;
}

TEST(Recurrent, AgreesWithLoops) {
  // libtorch computes double and float32 in different ways, so both are tested. The input of a gate
  // is a sum of 16 terms of size up to 2, over five tokens and two layers, and no gate has a slope
  // above 1: 2e-6 is 33 roundings of a state, 1e-12 thousands.
  for_each_kind([](const spec::ModelConfig& config, const std::string& what) {
    for (const auto& [type, allowed] :
         {std::pair(at::kDouble, 1e-12), std::pair(at::kFloat, 2e-6)}) {
      const Recurrent model(config, kRecurrentPieces, 1, type);
      tests::randomise(model.parameters(), 3);
      const std::vector<std::int64_t> ids = {3, 6, 0, 6, 1};
      tests::Record seen;
      tests::logits_of(model, ids, {.taps = &seen, .dropout = {}});
      const Matrix expected = states_by_loops(model, ids);
      const Matrix found = tests::to_matrix(seen.values.at("layers.1.output")[0]);
      for (std::size_t token = 0; token < ids.size(); ++token) {
        ASSERT_EQ(found[token].size(), expected[token].size()) << what;
        for (std::size_t at = 0; at < found[token].size(); ++at)
          EXPECT_NEAR(found[token][at], expected[token][at], allowed) << what;
      }
      EXPECT_GT(std::abs(expected[4][0]), 1e-3) << what;
    }
  });
}

/// The gradient of each weight, for a loss that depends on all logits.
std::vector<Tensor> gradients_of(const Model& model, const Tokens& tokens) {
  for (const auto& [name, weight] : model.parameters().list()) weight.mutable_grad() = Tensor();
  const Tensor logits = model.logits(model.hidden(tokens)).flatten(0, 1);
  const Tensor counted =
      tokens.documents.defined()
          ? logits.index_select(0, at::nonzero(tokens.documents.flatten() >= 0).flatten())
          : logits;
  counted.log_softmax(-1).select(1, 2).sum().backward();
  std::vector<Tensor> gradients;
  for (const auto& [name, weight] : model.parameters().list())
    gradients.push_back(weight.grad().clone());
  return gradients;
}

// gradient_test.cc compares gradients in double with finite differences.
TEST(Recurrent, GradientsInFloatAreThoseInDouble) {
  for_each_kind([](const spec::ModelConfig& config, const std::string& what) {
    const Recurrent exact(config, kRecurrentPieces, 1, at::kDouble);
    const Recurrent model(config, kRecurrentPieces, 1);
    tests::randomise(exact.parameters(), 3);
    tests::randomise(model.parameters(), 3);
    const Tokens tokens{.ids = tests::token_ids({3, 6, 0, 6, 1}), .positions = {}, .documents = {}};
    const std::vector<Tensor> expected = gradients_of(exact, tokens);
    const std::vector<Tensor> found = gradients_of(model, tokens);
    for (std::size_t at = 0; at < found.size(); ++at) {
      const double largest = expected[at].abs().max().item<double>();
      EXPECT_GT(largest, 1e-4) << what;
      // Twice this path, forward and backward: 170 roundings of the largest, and 17 of the numbers
      // near 1 whose difference is a small gradient.
      EXPECT_LT(tests::largest_difference(found[at], expected[at]), 1e-5 * largest + 1e-6)
          << what << " " << model.parameters().list()[at].first;
    }
  });
}

// Documents packed into rows are read as if each were separate: values and gradients.
TEST(Recurrent, DocumentsDoNotSeeEachOther) {
  for_each_kind([](const spec::ModelConfig& config, const std::string& what) {
    const Recurrent model(config, kRecurrentPieces, 1, at::kDouble);
    tests::randomise(model.parameters(), 3);
    const std::vector<std::vector<std::int64_t>> documents = {{3, 6, 0}, {6, 1}, {5}, {2, 2, 4, 1}};
    const Tokens packed{
        .ids = torch::tensor({3, 6, 0, 6, 1, 5, 2, 2, 4, 1, 0, 0}, at::kLong).view({2, 6}),
        .positions = {},
        .documents = torch::tensor({0, 0, 0, 1, 1, 2, 0, 0, 0, 0, -1, -1}, at::kLong).view({2, 6})};
    const Tensor together = model.logits(model.hidden(packed)).flatten(0, 1);
    const std::vector<Tensor> found = gradients_of(model, packed);
    std::vector<Tensor> expected;
    std::int64_t place = 0;
    for (const std::vector<std::int64_t>& ids : documents) {
      const Tensor alone = tests::logits_of(model, ids);
      EXPECT_LT(tests::largest_difference(together.narrow(0, place, alone.size(0)), alone), 1e-12)
          << what;
      place += alone.size(0);
      const std::vector<Tensor> own =
          gradients_of(model, {.ids = tests::token_ids(ids), .positions = {}, .documents = {}});
      if (expected.empty()) {
        expected = own;
      } else {
        for (std::size_t at = 0; at < own.size(); ++at) expected[at] += own[at];
      }
    }
    for (std::size_t at = 0; at < found.size(); ++at) {
      EXPECT_LT(tests::largest_difference(found[at], expected[at]), 1e-11)
          << what << " " << model.parameters().list()[at].first;
    }
    EXPECT_TRUE(together.isfinite().all().item<bool>()) << what;
  });
}

TEST(Recurrent, ACausalOneDoesNotSeeAheadAndAMaskedOneDoes) {
  for_each_kind([](const spec::ModelConfig& config, const std::string& what) {
    const Recurrent model(config, kRecurrentPieces, 1, at::kDouble);
    tests::randomise(model.parameters(), 3);
    const Tensor change =
        tests::logits_of(model, {3, 6, 0, 6, 1})[2] - tests::logits_of(model, {3, 6, 0, 6, 2})[2];
    EXPECT_EQ(change.abs().max().item<double>() == 0, config.causal()) << what;
  });
}

TEST(Recurrent, NamesAndShapesOfItsWeightsAreThoseOfTheFormat) {
  const auto names_of = [](const spec::ModelConfig& config) {
    const Recurrent model(config, kRecurrentPieces, 1);
    std::vector<std::string> names;
    for (const auto& [name, weight] : model.parameters().list())
      names.push_back(name + " " + shape_text(weight.sizes()));
    return names;
  };
  spec::ModelConfig config = recurrent_config(spec::Architecture::kLstm, spec::Objective::kCausal);
  config.layers = 1;
  EXPECT_EQ(
      names_of(config),
      (std::vector<std::string>{
          "model.embed_tokens.weight [7, 8]", "model.recurrent.weight_ih_l0 [32, 8]",
          "model.recurrent.weight_hh_l0 [32, 8]", "model.recurrent.bias_ih_l0 [32]",
          "model.recurrent.bias_hh_l0 [32]", "model.norm.weight [8]", "model.norm.bias [8]"}));
  config = recurrent_config(spec::Architecture::kGru, spec::Objective::kMasked);
  config.bias = config.tied_embeddings = false;
  EXPECT_EQ(
      names_of(config),
      (std::vector<std::string>{
          "model.embed_tokens.weight [7, 8]", "model.recurrent.weight_ih_l0 [12, 8]",
          "model.recurrent.weight_hh_l0 [12, 4]", "model.recurrent.bias_ih_l0 [12]",
          "model.recurrent.bias_hh_l0 [12]", "model.recurrent.weight_ih_l0_reverse [12, 8]",
          "model.recurrent.weight_hh_l0_reverse [12, 4]", "model.recurrent.bias_ih_l0_reverse [12]",
          "model.recurrent.bias_hh_l0_reverse [12]", "model.recurrent.weight_ih_l1 [12, 8]",
          "model.recurrent.weight_hh_l1 [12, 4]", "model.recurrent.bias_ih_l1 [12]",
          "model.recurrent.bias_hh_l1 [12]", "model.recurrent.weight_ih_l1_reverse [12, 8]",
          "model.recurrent.weight_hh_l1_reverse [12, 4]", "model.recurrent.bias_ih_l1_reverse [12]",
          "model.recurrent.bias_hh_l1_reverse [12]", "model.norm.weight [8]",
          "lm_head.weight [7, 8]"}));
}

TEST(Recurrent, CountsItsWeightsAsTheConfigDoes) {
  for_each_kind([](const spec::ModelConfig& config, const std::string& what) {
    EXPECT_EQ(static_cast<double>(Recurrent(config, kRecurrentPieces, 1).parameters().count()),
              spec::count_parameters(config, kRecurrentPieces))
        << what;
  });
}

TEST(Recurrent, ItsLayersStartEvenlyWithinOneByTheRootOfTheirWidth) {
  spec::ModelConfig config = recurrent_config(spec::Architecture::kLstm, spec::Objective::kMasked);
  config.width = 128;  // 64 in each direction
  const Recurrent model(config, kRecurrentPieces, 1);
  for (const auto& [name, weight] : model.parameters().list()) {
    if (name.find("recurrent") == std::string::npos) continue;
    const auto count = static_cast<double>(weight.numel());
    const Tensor values = weight.detach().to(at::kDouble) * 8;  // √64
    EXPECT_LE(values.abs().max().item<double>(), 1) << name;
    // Uniform in ±1: mean 0, variance 1/3, deviation of the square 2/√45.
    EXPECT_NEAR(values.mean().item<double>(), 0, 4.5 / std::sqrt(3 * count)) << name;
    EXPECT_NEAR(values.square().mean().item<double>(), 1.0 / 3, 4.5 * 0.2982 / std::sqrt(count))
        << name;
  }
}

TEST(Recurrent, DropsInFrontOfEachLayerAlone) {
  const spec::ModelConfig config =
      recurrent_config(spec::Architecture::kGru, spec::Objective::kCausal);
  const Recurrent model(config, kRecurrentPieces, 1, at::kDouble);
  tests::randomise(model.parameters(), 1);
  const Dropout dropout(0.4, 5, 6);
  tests::Record seen;
  tests::logits_of(model, {1, 2, 3, 4}, {.taps = &seen, .dropout = dropout});
  const auto at = [&](const char* name) { return seen.values.at(name); };
  EXPECT_TRUE(at("layers.0.input").equal(dropout(at("embedding"), 0)));
  EXPECT_TRUE(at("layers.1.input").equal(dropout(at("layers.0.output"), 1)));
  EXPECT_FALSE(at("layers.1.input").equal(at("layers.0.output")));
  Tensor normed = at::layer_norm(at("layers.1.output"), {8}, model.parameters().list()[9].second,
                                 model.parameters().list()[10].second, 1e-5);
  EXPECT_LT(tests::largest_difference(at("final"), normed), 1e-12);
}

TEST(Recurrent, RefusesMoreTokensThanTheContext) {
  const Recurrent model(recurrent_config(spec::Architecture::kLstm, spec::Objective::kCausal),
                        kRecurrentPieces, 1);
  EXPECT_THROW(tests::logits_of(model, {1, 2, 3, 4, 5, 6, 0}), base::Error);
  EXPECT_THROW(tests::logits_of(model, {7}), base::Error);
}

}  // namespace
}  // namespace qkv::model
