#include "train/graph_step.h"

#include <ATen/Context.h>
#include <ATen/ops/_fused_sdp_choice.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/random.h"
#include "train/either_step.h"
#include "train/small_config.h"

namespace qkv::train {
namespace {

constexpr std::int64_t kGraphPieces = 50;
constexpr int kNeverRecorded = 1000;

/// These tests need a CUDA device, and are skipped if there is none.
class GraphStepTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!at::hasCUDA()) GTEST_SKIP() << "no CUDA device";
  }
};

config::Config graph_config() {
  config::Config config = tests::small_config();
  config.model.heads = config.model.key_value_heads = 2;
  config.model.width = 64;
  config.model.context = 32;
  config.model.feed_forward.width = 128;
  config.model.position = spec::Position::kRotary;
  config.model.initial_deviation = 0.1;
  config.training.steps = 12;
  config.training.warmup_steps = 2;
  config.training.batch_size = 4;
  config.training.accumulation = 2;
  config.runtime.device = spec::Device::kCuda;
  config.runtime.threads = 1;
  return config;
}

std::vector<text::Batch> batches_of(const config::Config& config, std::int64_t step) {
  base::RandomStream random(static_cast<std::uint64_t>(step));
  const auto some = [&] { return static_cast<std::int32_t>(random.below(kGraphPieces)); };
  std::vector<text::Batch> batches(static_cast<std::size_t>(config.training.accumulation));
  for (text::Batch& batch : batches) {
    batch.rows = config.training.batch_size;
    batch.context = config.model.context;
    for (std::int64_t place = 0; place < batch.rows * batch.context; ++place) {
      batch.inputs.push_back(some());
      // A simple pattern: usually the last token.
      batch.targets.push_back(random.below(4) == 0 ? some() : batch.inputs.back());
      if (config.data.layout != spec::TextLayout::kLines) continue;
      // Two documents per row, and padding.
      const auto column = static_cast<std::int32_t>(place % batch.context);
      if (column >= 28) batch.targets.back() = text::Batch::kIgnored;
      batch.documents.push_back(column >= 28 ? -1 : column / 14);
      batch.positions.push_back(column % 14);
    }
  }
  return batches;
}

std::unique_ptr<model::Model> fresh_model(const config::Config& config,
                                          const model::Runtime& runtime) {
  return model::make_model(config.model, kGraphPieces, config.seed,
                           at::TensorOptions(runtime.device).dtype(at::kFloat));
}

/// The losses and gradient norms of config.training.steps steps.
std::vector<double> recorded(const config::Config& config, int eager_steps) {
  const model::Runtime runtime = model::set_up_runtime(config.runtime);
  const auto model = fresh_model(config, runtime);
  GraphStep graph(*model, config, runtime, eager_steps);
  std::vector<double> numbers;
  for (std::int64_t step = 1; step <= config.training.steps; ++step) {
    graph.begin(tests::step_batch(batches_of(config, step)), step);
    const auto [loss, norm] = graph.finish();
    numbers.push_back(loss);
    numbers.push_back(norm);
  }
  EXPECT_EQ(graph.recorded(), eager_steps < config.training.steps);
  return numbers;
}

/// The same with the definition.
std::vector<double> plain(const config::Config& config) {
  const model::Runtime runtime = model::set_up_runtime(config.runtime);
  const auto model = fresh_model(config, runtime);
  AutogradStep defined(*model, config, runtime);
  std::vector<double> numbers;
  for (std::int64_t step = 1; step <= config.training.steps; ++step) {
    defined.begin(tests::step_batch(batches_of(config, step)), step);
    const auto [loss, norm] = defined.finish();
    numbers.push_back(loss);
    numbers.push_back(norm);
  }
  return numbers;
}

void expect_near(const std::vector<double>& found, const std::vector<double>& expected,
                 double tolerance) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t place = 0; place < found.size(); ++place)
    EXPECT_NEAR(found[place], expected[place], tolerance * expected[place]) << place;
}

struct GraphCase {
  const char* name;
  config::Config config;
};

std::vector<GraphCase> graph_cases() {
  std::vector<GraphCase> cases = {{"adamw", graph_config()},
                                  {"muon", graph_config()},
                                  {"documents, alibi", graph_config()},
                                  {"masked, learned, swiglu, rms", graph_config()}};
  cases[1].config.training.optimizer = spec::Optimizer::kMuon;
  cases[2].config.data.layout = spec::TextLayout::kLines;
  cases[2].config.model.position = spec::Position::kAlibi;
  cases[3].config.model.objective = spec::Objective::kMasked;
  cases[3].config.model.position = spec::Position::kLearned;
  cases[3].config.model.feed_forward.activation = spec::Activation::kSwiglu;
  cases[3].config.model.norm = spec::Norm::kRms;
  return cases;
}

// Two ways through float32: 12 steps magnify a rounding of 2^-24, here of a loss or a norm and its
// sums of some hundred numbers, by less than a few hundred. A step left out changes them by
// percents.
TEST_F(GraphStepTest, EqualsThePlainStepInFloat32) {
  for (const GraphCase& c : graph_cases()) {
    SCOPED_TRACE(c.name);
    expect_near(recorded(c.config, /*eager_steps=*/2), plain(c.config), 2e-4);
  }
}

// The same operations, some of whose sums have no fixed order on the device: so single numbers are
// rounded to the next bfloat16, 2^-8 away, and a norm over all weights is off by a few of those.
TEST_F(GraphStepTest, ReplaysWhatItDidEagerly) {
  for (GraphCase c : graph_cases()) {
    SCOPED_TRACE(c.name);
    for (const spec::Precision precision :
         {spec::Precision::kFloat32, spec::Precision::kBfloat16}) {
      c.config.runtime.precision = precision;
      for (const double dropout : {0.0, 0.2}) {
        c.config.model.dropout = dropout;
        expect_near(recorded(c.config, 2), recorded(c.config, kNeverRecorded), 2e-2);
      }
    }
  }
}

TEST_F(GraphStepTest, DropsOtherPlacesInEachStep) {
  config::Config config = graph_config();
  config.model.dropout = 0.3;
  config.training.learning_rate = config.training.minimum_learning_rate =
      1e-30;  // everything else is unchanged
  const model::Runtime runtime = model::set_up_runtime(config.runtime);
  const auto model = fresh_model(config, runtime);
  GraphStep step(*model, config, runtime, 2);
  const StepBatch batch = tests::step_batch(batches_of(config, 1));
  const auto loss_of = [&](std::int64_t number) {
    step.begin(batch, number);
    return step.finish().loss;
  };
  // A loss in float32, with sums in another order: 1e-5 is some 170 roundings of 2^-24.
  const double eager = loss_of(1);
  loss_of(2);
  EXPECT_NEAR(loss_of(1), eager, 1e-5 * eager);  // recorded by now
  EXPECT_TRUE(step.recorded());
  EXPECT_GT(std::abs(loss_of(2) - eager), 1e-4 * eager);
  EXPECT_NEAR(loss_of(1), eager, 1e-5 * eager);
}

TEST_F(GraphStepTest, UpdatesNothingOnANonFiniteGradient) {
  for (const spec::Optimizer each : spec::all<spec::Optimizer>()) {
    const std::string name(spec::name_of(each));
    config::Config config = graph_config();
    config.training.optimizer = each;
    const model::Runtime runtime = model::set_up_runtime(config.runtime);
    const auto model = fresh_model(config, runtime);
    GraphStep step(*model, config, runtime, 1);
    for (std::int64_t number = 1; number <= 4; ++number) {
      if (number == 4) {
        const torch::NoGradGuard no_gradients;
        model->embedding()[0][0].fill_(std::numeric_limits<float>::infinity());
      }
      std::vector<model::Tensor> before;
      for (const auto& [_, weight] : model->parameters().list())
        before.push_back(weight.detach().clone());
      for (const auto& [_, moment] : step.moments()) before.push_back(moment.clone());
      step.begin(tests::step_batch(batches_of(config, number)), number);
      EXPECT_EQ(std::isfinite(step.finish().gradient_norm), number < 4);
      std::size_t place = 0;
      const auto expect_unchanged = [&](const std::string& what, const model::Tensor& now) {
        if (number == 4) {
          EXPECT_TRUE(now.equal(before[place])) << what;
        }
        ++place;
      };
      for (const auto& [what, weight] : model->parameters().list())
        expect_unchanged(what, weight.detach());
      for (const auto& [what, moment] : step.moments()) expect_unchanged(what, moment);
    }
  }
}

// Checks what docs/training.md says about the attention that libtorch uses.
TEST_F(GraphStepTest, AttendsByFlashAttentionWhereNothingIsAddedToTheScores) {
  model::set_up_runtime(graph_config().runtime);
  const model::Tensor query =
      torch::zeros({2, 4, 64, 32}, at::TensorOptions().dtype(at::kBFloat16).device(at::kCUDA));
  const model::Tensor bias = torch::zeros({1, 4, 64, 64}, query.options());
  const auto taken = [&](const std::optional<model::Tensor>& mask, double dropout) {
    return at::_fused_sdp_choice(query, query, query, mask, dropout, !mask.has_value());
  };
  constexpr std::int64_t kFlash = 1;
  constexpr std::int64_t kMemoryEfficient = 2;
  EXPECT_EQ(taken({}, 0.0), kFlash);
  EXPECT_EQ(taken({}, 0.2), kFlash);
  EXPECT_EQ(taken(bias, 0.0), kMemoryEfficient);
}

}  // namespace
}  // namespace qkv::train
