// The reader in plain loops equals the model of src/model, for all values that a config can have.
#include "inference/cached_transformer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "inference/processor.h"
#include "model/support.h"

namespace qkv::generate {
namespace {

using Ids = std::vector<std::int32_t>;

constexpr std::int64_t kVocabulary = 37;

/// A model with weights as large as after training, and a function to find them.
class Plain {
 public:
  Plain(const spec::ModelConfig& config, unsigned seed) : model_(config, kVocabulary, 1) {
    const torch::NoGradGuard no_gradients;
    for (const auto& [name, weight] : model_.parameters().list()) {
      const bool norm = name.find("norm.weight") != std::string::npos;
      const model::Tensor values = testing::random_tensor(weight.sizes(), ++seed);
      const double inputs = static_cast<double>(weight.size(-1));
      weight.copy_(norm ? 1 + 0.2 * values : values * (1.5 / std::sqrt(inputs)));
      weights_[name] = weight.const_data_ptr<float>();
    }
  }

  inference::FindWeight find() const {
    return [this](const std::string& name) {
      const auto found = weights_.find(name);
      return found == weights_.end() ? nullptr : found->second;
    };
  }

  /// The logits after each token, [tokens, vocabulary].
  model::Tensor logits(const Ids& ids) const {
    return testing::logits_of(model_, std::vector<std::int64_t>(ids.begin(), ids.end()));
  }

 private:
  model::Transformer model_;
  std::map<std::string, const float*> weights_;
};

spec::ModelConfig config_of(std::int64_t width, std::int64_t heads, std::int64_t context) {
  spec::ModelConfig config;
  config.width = width;
  config.heads = config.key_value_heads = heads;
  config.context = context;
  config.feed_forward.width = width * 2 + 5;
  return config;
}

Ids some_ids(std::int64_t count) {
  Ids ids;
  for (std::int64_t at = 0; at < count; ++at)
    ids.push_back(static_cast<std::int32_t>((at * at + 5 * at + 3) % kVocabulary));
  return ids;
}

/// How far logits are from the model's after each of the parts in which `ids` are read, relative to
/// the largest logit.
double largest_error(inference::CachedTransformer& transformer, const model::Tensor& expected,
                     const Ids& ids, std::size_t part) {
  double error = 0;
  for (std::size_t begin = 0; begin < ids.size(); begin += part) {
    const std::size_t many = std::min(part, ids.size() - begin);
    const std::span<const float> found =
        transformer.read(std::span<const std::int32_t>(ids).subspan(begin, many));
    const model::Tensor row = expected[static_cast<std::int64_t>(begin + many) - 1];
    error =
        std::max(error, testing::largest_difference(
                            torch::tensor(at::ArrayRef<float>(found.data(), found.size())), row));
  }
  return error / std::max(1.0, expected.abs().max().item<double>());
}

/// Compares logits in float32 with those in double: 84 roundings of 2^-24. The longest path sums
/// some hundreds of numbers, whose roundings grow with the square root of this.
constexpr double kRounding = 5e-6;

void expect_the_model(const spec::ModelConfig& config, const std::string& what) {
  const Plain plain(config, 7);
  const Ids ids = some_ids(config.context);
  const model::Tensor expected = plain.logits(ids);
  inference::CachedTransformer transformer(config, kVocabulary, plain.find(), 1,
                                           inference::best_arithmetic());
  for (const std::size_t part : {std::size_t{1}, std::size_t{3}, ids.size()}) {
    transformer.forget();
    EXPECT_LT(largest_error(transformer, expected, ids, part), kRounding)
        << what << " in parts of " << part;
  }
}

TEST(CachedTransformer, IsTheModelForEveryPositionNormAndAttention) {
  using enum spec::Projection;
  using enum spec::Weighting;
  struct Kind {
    spec::AttentionConfig attention;
    std::int64_t key_value_heads;
  };
  const std::vector<Kind> kinds = {
      {{kLearned, kSoftmax, true}, 4},   {{kLearned, kSoftmax, true}, 2},
      {{kLearned, kSoftmax, false}, 1},  {{kIdentity, kSoftmax, true}, 4},
      {{kIdentity, kSoftmax, false}, 2}, {{kLearned, kUniform, true}, 4},
      {{kLearned, kUniform, true}, 2},   {{kIdentity, kUniform, true}, 4},
      {{kLearned, kNone, true}, 4}};
  for (const spec::Position position : spec::all<spec::Position>()) {
    for (const spec::Norm norm : spec::all<spec::Norm>()) {
      for (const bool bias : {false, true}) {
        for (const Kind& kind : kinds) {
          spec::ModelConfig config = config_of(24, 4, 19);
          config.position = position;
          config.norm = norm;
          config.bias = bias;
          config.attention = kind.attention;
          config.key_value_heads = kind.key_value_heads;
          expect_the_model(config, base::concat(position, " ", norm, bias ? " bias " : " ",
                                                kind.attention.projection, " ",
                                                kind.attention.weights, " ", kind.key_value_heads));
        }
      }
    }
  }
}

TEST(CachedTransformer, IsTheModelForEveryActivation) {
  for (const spec::Activation activation : spec::all<spec::Activation>()) {
    for (const bool bias : {false, true}) {
      for (const bool tied : {false, true}) {
        spec::ModelConfig config = config_of(24, 3, 11);
        config.feed_forward.activation = activation;
        config.bias = bias;
        config.tied_embeddings = tied;
        config.norm_epsilon = 0.3;
        expect_the_model(config,
                         base::concat(activation, bias ? " bias" : "", tied ? " tied" : ""));
      }
    }
  }
}

TEST(CachedTransformer, IsTheModelInOddSizes) {
  // Widths that fill no register, one head, one layer, one position; and heads wider than a panel.
  expect_the_model(config_of(1, 1, 1), "all one");
  expect_the_model(config_of(10, 5, 7), "width 10");
  expect_the_model(config_of(34, 2, 70), "width 34");
  spec::ModelConfig config = config_of(160, 2, 130);
  config.layers = 3;
  config.position = spec::Position::kRotary;
  config.rotary_base = 500;
  expect_the_model(config, "width 160");
}

TEST(CachedTransformer, GivesTheSameNumbersWhateverTheThreads) {
  spec::ModelConfig config = config_of(160, 5, 60);
  config.position = spec::Position::kAlibi;
  config.feed_forward = {.width = 333, .activation = spec::Activation::kSwiglu};
  const Plain plain(config, 3);
  const Ids ids = some_ids(60);
  const auto logits_with = [&](int threads) {
    inference::CachedTransformer transformer(config, kVocabulary, plain.find(), threads,
                                             inference::best_arithmetic());
    std::vector<float> all;
    for (std::size_t begin = 0; begin < ids.size(); begin += begin < 40 ? 20 : 1) {
      const auto logits = transformer.read({&ids[begin], begin < 40 ? std::size_t{20} : 1});
      all.insert(all.end(), logits.begin(), logits.end());
    }
    return all;
  };
  const std::vector<float> alone = logits_with(1);
  for (const int threads : {2, 3, 7}) EXPECT_EQ(logits_with(threads), alone) << threads;
}

TEST(CachedTransformer, IsTheModelOnEveryKindOfProcessor) {
  for (const inference::Arithmetic* arithmetic : inference::usable_arithmetics()) {
    for (const spec::Activation activation : {spec::Activation::kGelu, spec::Activation::kSwiglu}) {
      spec::ModelConfig config = config_of(72, 3, 90);
      config.feed_forward.activation = activation;
      const Plain plain(config, 11);
      const Ids ids = some_ids(config.context);
      const model::Tensor expected = plain.logits(ids);
      inference::CachedTransformer transformer(config, kVocabulary, plain.find(), 2, *arithmetic);
      for (const std::size_t part : {std::size_t{1}, std::size_t{7}, ids.size()}) {
        transformer.forget();
        EXPECT_LT(largest_error(transformer, expected, ids, part), kRounding)
            << arithmetic->processor << " in parts of " << part;
      }
    }
  }
}

TEST(CachedTransformer, RefusesWhatItCannotRead) {
  const spec::ModelConfig config = config_of(8, 2, 4);
  const Plain plain(config, 1);
  inference::CachedTransformer transformer(config, kVocabulary, plain.find(), 1,
                                           inference::best_arithmetic());
  EXPECT_THROW(transformer.read(Ids{1, 2, 3, 4, 5}), base::Error);
  EXPECT_THROW(transformer.read(Ids{1, kVocabulary}), base::Error);
  EXPECT_THROW(transformer.read(Ids{-1}), base::Error);
  EXPECT_EQ(transformer.tokens(), 0);
  transformer.read(Ids{1, 2, 3});
  EXPECT_THROW(transformer.read(Ids{1, 2}), base::Error);
  EXPECT_EQ(transformer.tokens(), 3);
}

TEST(CachedTransformer, IsForCausalTransformersOnly) {
  spec::ModelConfig config = config_of(8, 2, 4);
  EXPECT_TRUE(inference::CachedTransformer::can_be(config));
  config.objective = spec::Objective::kMasked;
  EXPECT_FALSE(inference::CachedTransformer::can_be(config));
  config.objective = spec::Objective::kCausal;
  config.kind = spec::Architecture::kLstm;
  EXPECT_FALSE(inference::CachedTransformer::can_be(config));
}

}  // namespace
}  // namespace qkv::generate
