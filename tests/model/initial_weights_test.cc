// Fresh weights are drawn as libtorch's generator draws them, except for rounding.
#include "spec/initial_weights.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "model/libtorch.h"
#include "model/support.h"

namespace qkv::model {
namespace {

/// libtorch's own numbers.
Tensor drawn(const spec::Weight& weight, std::uint64_t seed, std::uint64_t index) {
  const at::Generator generator =
      keyed_generator(base::stream_key(seed, base::Purpose::kInitialisation, {index}), at::kCPU);
  const double value = weight.initial.value;
  const Tensor values = torch::empty(weight.shape, at::kFloat);
  switch (weight.initial.kind) {
    case spec::Initial::Kind::kNormal:
      return values.normal_(0.0, value, generator);
    case spec::Initial::Kind::kUniform:
      return values.uniform_(-value, value, generator);
    case spec::Initial::Kind::kConstant:
      break;
  }
  return values.fill_(value);
}

void expect_libtorchs(const spec::ModelConfig& config, std::int64_t vocabulary,
                      std::uint64_t seed) {
  const spec::WeightList list(config, vocabulary);
  const std::vector<base::Array> found = spec::initial_weights(list, seed);
  ASSERT_EQ(found.size(), list.all.size());
  for (std::size_t index = 0; index < found.size(); ++index) {
    const spec::Weight& weight = list.all[index];
    const Tensor expected = drawn(weight, seed, index);
    ASSERT_EQ(found[index].shape, weight.shape);
    // A normal number is below 6 deviations, since the smallest uniform number is 2^-24. libtorch
    // uses its own logarithm, sine and cosine, whose angles are below 2π, with an error of a few
    // roundings of these: 16 roundings of 2^-24 of 6 times 2π.
    const double rounding = 16 * 0x1p-24 * 6 * 6.3 * weight.initial.value;
    for (std::size_t at = 0; at < found[index].values.size(); ++at) {
      ASSERT_NEAR(found[index].values[at], expected.const_data_ptr<float>()[at], rounding)
          << weight.name << " " << at;
    }
  }
}

TEST(InitialWeights, AreThoseOfLibtorchsGenerator) {
  spec::ModelConfig config = tests::tiny_model_config();
  expect_libtorchs(config, 11, 1);
  config.initial_deviation = 0.5;
  config.position = spec::Position::kLearned;
  config.feed_forward.width = 5;  // matrices that are not whole groups of 16
  config.width = 4;
  expect_libtorchs(config, 300, std::uint64_t{1} << 40);
}

// libtorch draws fewer than 16 numbers in another way.
TEST(InitialWeights, MayBeFew) {
  spec::ModelConfig config = tests::tiny_model_config();
  config.heads = config.key_value_heads = 1;
  config.feed_forward.width = 3;
  for (const std::int64_t width : {2, 3}) {
    config.width = width;
    expect_libtorchs(config, 3, 5);
  }
}

TEST(InitialWeights, OfRecurrentModelsAreUniform) {
  for (const spec::Architecture kind : {spec::Architecture::kLstm, spec::Architecture::kGru}) {
    for (const spec::Objective objective : spec::all<spec::Objective>()) {
      spec::ModelConfig config = tests::tiny_model_config();
      config.kind = kind;
      config.objective = objective;
      expect_libtorchs(config, 11, 9);
    }
  }
}

}  // namespace
}  // namespace qkv::model
