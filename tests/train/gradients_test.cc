#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "base/format.h"
#include "base/random.h"
#include "engine/training/step.h"
#include "rounding.h"
#include "spec/kernel_step.h"
#include "train/choices.h"
#include "train/either_step.h"
#include "train/gradient_rounding.h"
#include "train/prediction.h"
#include "train/small_config.h"

namespace qkv::train {
namespace {

struct GradientCase {
  std::string name;
  config::Config config;

  std::int64_t vocabulary() const { return config.tokenizer.vocabulary; }
  bool documents() const { return config.data.layout == spec::TextLayout::kLines; }
};

config::Config gradient_config() {
  config::Config config = tests::small_config();
  config.tokenizer.vocabulary = 50;  // here, the only ones
  config.model.position = spec::Position::kNone;
  config.training.batch_size = 5;
  config.training.accumulation = 2;
  return config;
}

/// Random tokens; with documents of all lengths from 1 on, padding at the end and ignored targets.
text::Batch random_batch(const GradientCase& c, std::uint64_t key) {
  base::RandomStream random(key);
  const auto piece = [&] {
    return static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(c.vocabulary())));
  };
  text::Batch batch;
  batch.rows = c.config.training.batch_size;
  batch.context = c.config.model.context;
  for (std::int64_t row = 0; row < batch.rows; ++row) {
    std::int32_t document = 0;
    std::int32_t position = 0;
    for (std::int64_t place = 0; place < batch.context; ++place) {
      batch.inputs.push_back(piece());
      const bool ignored = (c.documents() || !c.config.model.causal()) && random.below(3) == 0;
      batch.targets.push_back(ignored ? text::Batch::kIgnored : piece());
      if (!c.documents()) continue;
      if (random.below(6) == 0) {
        ++document;
        position = 0;
      }
      const bool padding = place > batch.context - 4;
      if (padding) batch.targets.back() = text::Batch::kIgnored;
      batch.documents.push_back(padding ? -1 : document);
      batch.positions.push_back(position++);
    }
  }
  return batch;
}

/// A model with the case's weights, all of them random, even those that start as ones and zeros.
std::unique_ptr<model::Model> random_model(const GradientCase& c, at::ScalarType type) {
  const auto model = model::make_model(c.config.model, c.vocabulary(), 5);
  auto result = model::make_model(c.config.model, c.vocabulary(), 5, type);
  base::RandomStream random(7);
  const torch::NoGradGuard no_gradients;
  for (std::size_t place = 0; place < model->parameters().list().size(); ++place) {
    const model::Tensor weight = model->parameters().list()[place].second.detach();
    if (weight.dim() == 1)
      for (std::int64_t at = 0; at < weight.numel(); ++at)
        weight.data_ptr<float>()[at] += static_cast<float>(random.uniform() - 0.5) / 2;
    result->parameters().list()[place].second.copy_(weight);
  }
  return result;
}

/// The smallest distance of any input of relu from 0, where its slope jumps.
class Kinks : public model::Taps {
 public:
  explicit Kinks(const model::Model& model) : weights_(model.parameters()) {}

  model::Tensor see(const std::string& name, model::Tensor value) override {
    if (!name.ends_with("feed_forward.norm")) return value;
    const std::string layer = "model." + name.substr(0, name.find("feed_forward")) + "mlp.up_proj";
    const model::Tensor before =
        at::linear(value, weight(layer + ".weight"), weight(layer + ".bias"));
    nearest = std::min(nearest, before.abs().min().item<double>());
    return value;
  }

  double nearest = INFINITY;

 private:
  model::Tensor weight(const std::string& name) const {
    for (const auto& [each, weight] : weights_.list())
      if (each == name) return weight;
    return {};
  }
  const model::Parameters& weights_;
};

/// The case's batches. If a rounding error could move a value across relu's kink, which changes the
/// gradient by far more than rounding, other batches are drawn.
std::vector<text::Batch> random_batches(const GradientCase& c) {
  constexpr double kFarFromRounding = 1e-5;  // of values near 1 in float32
  const auto model = random_model(c, at::kDouble);
  const torch::NoGradGuard no_gradients;
  std::vector<text::Batch> batches;
  for (std::uint64_t key = 1; std::ssize(batches) < c.config.training.accumulation; ++key) {
    const text::Batch batch = random_batch(c, key);
    if (c.config.model.feed_forward.activation == spec::Activation::kRelu) {
      Kinks kinks(*model);
      const model::Dropout dropout(c.config.model.dropout, c.config.seed, batches.size());
      predict(*model, batch, {.taps = &kinks, .dropout = dropout});
      if (kinks.nearest < kFarFromRounding) continue;
    }
    batches.push_back(batch);
  }
  return batches;
}

struct Gradients {
  double loss = 0;
  std::vector<std::pair<std::string, model::Tensor>> gradients;
};

enum class By { kDouble, kPlain, kFused };

Gradients make(const GradientCase& c, const std::vector<text::Batch>& batches, By by,
               spec::Precision precision) {
  config::Config config = c.config;
  config.runtime.kernels = by == By::kFused ? spec::Kernels::kFused : spec::Kernels::kPlain;
  config.runtime.precision = precision;
  const model::Runtime runtime = model::set_up_runtime(config.runtime);
  const auto model = random_model(c, by == By::kDouble ? at::kDouble : at::kFloat);
  tests::EitherStep step(*model, config, runtime);
  const StepBatch batch = tests::step_batch(batches);
  Gradients made{};
  // The second time, all memory has been used before.
  for (int time = 0; time < (by == By::kFused ? 2 : 1); ++time) {
    for (const auto& [name, weight] : model->parameters().list())
      if (weight.grad().defined()) weight.grad().zero_();
    made.loss = step.gradient(batch, 1);
  }
  for (const auto& [name, weight] : model->parameters().list()) {
    const model::Tensor gradient =
        (weight.grad().defined() ? weight.grad() : torch::zeros_like(weight))
            .to(at::kDouble, /*non_blocking=*/false, /*copy=*/true);
    if (name.ends_with("k_proj.bias")) {
      // A key's bias changes nothing: its gradient consists of the rounding errors in that of its
      // matrix.
      model::Tensor& with_matrix = made.gradients.back().second;
      with_matrix = at::cat({with_matrix.flatten(), gradient});
    } else {
      made.gradients.emplace_back(name, gradient);
    }
  }
  return made;
}

/// The cases in which errors are most probable, each with a name.
std::vector<GradientCase> named_cases() {
  std::vector<GradientCase> cases;
  const auto add = [&](const std::string& name) -> GradientCase& {
    return cases.emplace_back(GradientCase{name, gradient_config()});
  };
  const spec::ModelConfig plainest = add("plainest").config.model;
  add("bias").config.model.bias = true;
  for (const spec::Position position : spec::all<spec::Position>()) {
    if (position != plainest.position) add(base::concat(position)).config.model.position = position;
  }
  {
    GradientCase& c = add("documents, alibi, bias");
    c.config.model.position = spec::Position::kAlibi;
    c.config.model.bias = true;
    c.config.data.layout = spec::TextLayout::kLines;
  }
  {
    GradientCase& c = add("masked, documents, learned");
    c.config.model.position = spec::Position::kLearned;
    c.config.model.objective = spec::Objective::kMasked;
    c.config.data.layout = spec::TextLayout::kLines;
  }
  add("masked, alibi").config.model.objective = spec::Objective::kMasked;
  cases.back().config.model.position = spec::Position::kAlibi;
  add("masked, rotary").config.model.objective = spec::Objective::kMasked;
  cases.back().config.model.position = spec::Position::kRotary;
  for (const spec::Activation activation : spec::all<spec::Activation>()) {
    if (activation != plainest.feed_forward.activation)
      add(base::concat(activation)).config.model.feed_forward.activation = activation;
  }
  add("swiglu and bias").config.model.feed_forward.activation = spec::Activation::kSwiglu;
  cases.back().config.model.bias = true;
  add("rms, grouped, untied").config.model.norm = spec::Norm::kRms;
  cases.back().config.model.key_value_heads = 2;
  cases.back().config.model.tied_embeddings = false;
  cases.back().config.model.position = spec::Position::kRotary;
  add("no attention").config.model.attention.weights = spec::Weighting::kNone;
  add("query/key norm").config.model.attention.query_key_norm = true;
  add("query/key norm, rotary, grouped").config.model.attention.query_key_norm = true;
  cases.back().config.model.key_value_heads = 2;
  cases.back().config.model.position = spec::Position::kRotary;
  add("value residual").config.model.attention.value_residual = true;
  cases.back().config.model.layers = 3;
  add("value residual, query/key norm, grouped").config.model.attention.value_residual = true;
  cases.back().config.model.attention.query_key_norm = true;
  cases.back().config.model.key_value_heads = 2;
  add("unscaled").config.model.attention.scaled = false;
  {
    GradientCase& c = add("odd sizes");  // no side is a multiple of a vector
    c.config.tokenizer.vocabulary = 3;
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
  {
    GradientCase& c = add("dropout, documents");
    c.config.model.dropout = 0.2;
    c.config.data.layout = spec::TextLayout::kLines;
  }
  return cases;
}

/// The case of a config with these values, {dotted key, value}, and defaults. Throws Error if they
/// do not fit each other or kernels do not support them.
GradientCase case_of(const std::vector<std::pair<std::string, base::Json>>& values) {
  base::Json json = {{"data", {{"train", {"text.txt"}}}}, {"runtime", {{"device", "cpu"}}}};
  std::string name;
  for (const auto& [key, value] : values) {
    std::string pointer = "/" + key;
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    json[base::Json::json_pointer(pointer)] = value;
    name += key.substr(key.find('.') + 1) + " " + value.dump() + ", ";
  }
  GradientCase c{name, config::parse_config(json, "sample", "/")};
  config::check_model(c.config.model, "sample", c.vocabulary());
  // So that scores have a similar size at any width: a softmax of large scores magnifies their
  // rounding.
  c.config.model.initial_deviation *= std::sqrt(32 / static_cast<double>(c.config.model.width));
  if (!spec::has_kernel_step(c.config.model)) throw base::Error("no kernels for it");
  // A norm amplifies the rounding errors of a vector near zero. Of vectors with few numbers, some
  // are always so short, and then the errors of both paths have any ratio.
  if (c.config.model.attention.query_key_norm && c.config.model.head_width() < 8)
    throw base::Error("heads too narrow to be compared");
  return c;
}

/// Every pair of values of two keys of a config, in 54 cases. Values that are not numbers come from
/// the schema, so that a new one is tested at once.
std::vector<GradientCase> sampled_cases() {
  const base::Json schema = base::parse_json(config::config_schema(), "schema").at("properties");
  std::vector<tests::Choice> choices = {
      {"tokenizer.vocabulary", {3, 50, 257}},
      {"data.layout", schema.at("data").at("properties").at("layout").at("enum")},
      {"training.batch_size", {1, 3, 5}},
      {"training.accumulation", {1, 2}},
      {"runtime.threads", {1, 2, 3}},
  };
  tests::add_choices(schema.at("model"), "model",
                     {{"model.layers", {1, 2, 3}},
                      {"model.heads", {1, 2, 3, 6}},
                      {"model.key_value_heads", {1, 2, 3}},
                      {"model.width", {6, 21, 36, 64, 192, 256}},
                      {"model.context", {1, 7, 24, 70}},
                      {"model.feed_forward.width", {1, 29, 48}},
                      {"model.norm_epsilon", {1e-5, 0.1}},
                      {"model.rotary_base", {20, 10000}},
                      {"model.dropout", {0.0, 0.1, 0.5}},
                      {"model.initial_deviation", {0.1, 0.2}}},
                     choices);
  for (tests::Choice& choice : choices)
    std::erase_if(choice.values, [&](const base::Json& value) {
      if (!value.is_string()) return false;
      try {
        case_of({{choice.key, value}});
        return false;
      } catch (const base::Error&) {
        return true;  // kernels do not support it, whatever else is chosen
      }
    });
  return tests::pairwise_sample(choices, case_of);
}

/// Calls use(case) for all of them.
template <typename Use>
void for_each_case(Use use) {
  for (std::vector<GradientCase> cases : {named_cases(), sampled_cases()})
    for (const GradientCase& c : cases) {
      SCOPED_TRACE(c.name);
      use(c);
      if (::testing::Test::HasFailure()) return;  // one case is enough
    }
}

/// The distance of each weight's gradient from the exact one.
std::vector<double> errors(const Gradients& found, const Gradients& exact) {
  std::vector<double> errors;
  for (std::size_t place = 0; place < exact.gradients.size(); ++place)
    errors.push_back(
        (found.gradients[place].second - exact.gradients[place].second).norm().item<double>());
  return errors;
}

/// The error of each weight's gradient that rounding alone explains.
std::vector<double> floors(const GradientCase& c, const Gradients& exact, bool bfloat16) {
  std::vector<double> sizes;
  for (const auto& [name, gradient] : exact.gradients)
    sizes.push_back(gradient.norm().item<double>());
  sizes = rounded_sizes(c.config, std::move(sizes));
  for (double& size : sizes) size *= gradient_rounding(c.config, c.vocabulary(), bfloat16);
  return sizes;
}

TEST(FusedGradients, AreAsExactInFloat32AsTheModels) {
  for_each_case([](const GradientCase& c) {
    const std::vector<text::Batch> batches = random_batches(c);
    const Gradients exact = make(c, batches, By::kDouble, spec::Precision::kFloat32);
    const Gradients plain = make(c, batches, By::kPlain, spec::Precision::kFloat32);
    const Gradients fused = make(c, batches, By::kFused, spec::Precision::kFloat32);
    tests::expect_rounding_alone(
        std::abs(fused.loss - exact.loss), std::abs(plain.loss - exact.loss),
        gradient_rounding(c.config, c.vocabulary(), false) * exact.loss, "loss");
    const std::vector<double> theirs = errors(plain, exact);
    const std::vector<double> ours = errors(fused, exact);
    const std::vector<double> floor = floors(c, exact, /*bfloat16=*/false);
    for (std::size_t place = 0; place < ours.size(); ++place)
      tests::expect_rounding_alone(ours[place], theirs[place], floor[place],
                                   exact.gradients[place].first);
  });
}

TEST(FusedGradients, AreAsNearInBfloat16AsTheModelsByAutocast) {
  if (!engine::TrainingStep::supports(gradient_config().model, /*bfloat16=*/true))
    GTEST_SKIP() << "not on this processor";
  for_each_case([](const GradientCase& c) {
    const std::vector<text::Batch> batches = random_batches(c);
    const Gradients exact = make(c, batches, By::kDouble, spec::Precision::kFloat32);
    const Gradients autocast = make(c, batches, By::kPlain, spec::Precision::kBfloat16);
    const Gradients fused = make(c, batches, By::kFused, spec::Precision::kBfloat16);
    // Not three roundings: those of the tokens nearly cancel in the mean.
    EXPECT_NEAR(fused.loss, exact.loss, 1e-2 * exact.loss);
    const std::vector<double> theirs = errors(autocast, exact);
    const std::vector<double> ours = errors(fused, exact);
    const std::vector<double> floor = floors(c, exact, /*bfloat16=*/true);
    // Both paths round similar numbers, so their errors have the same size. But if a gradient
    // depends on a few tokens, or rounding moves one across relu's kink, one error may be several
    // times the other by chance.
    constexpr double kTimes = 5;
    for (std::size_t place = 0; place < ours.size(); ++place)
      tests::expect_rounding_alone(ours[place], theirs[place], floor[place],
                                   exact.gradients[place].first, kTimes);
  });
}

TEST(FusedGradients, DropOtherValuesWithAnotherSeed) {
  GradientCase c{"dropout", gradient_config()};
  c.config.model.dropout = 0.3;
  const std::vector<text::Batch> batches = random_batches(c);
  const Gradients first = make(c, batches, By::kFused, spec::Precision::kFloat32);
  const Gradients second = make(c, batches, By::kFused, spec::Precision::kFloat32);
  EXPECT_EQ(first.loss, second.loss);
  for (std::size_t place = 0; place < first.gradients.size(); ++place)
    EXPECT_TRUE(first.gradients[place].second.equal(second.gradients[place].second));
  c.config.seed = 2;
  EXPECT_NE(make(c, batches, By::kFused, spec::Precision::kFloat32).loss, first.loss);
}

}  // namespace
}  // namespace qkv::train
