// Cached keys and values give the same logits as those computed again.

#include <gtest/gtest.h>

#include "base/format.h"
#include "rounding.h"
#include "support.h"

namespace qkv::model {
namespace {

const std::vector<std::int64_t>& example() {
  static const std::vector<std::int64_t> ids = {3, 6, 0, 5, 1, 2};
  return ids;
}

/// The number of terms in the sums on the longest path through tiny_model_config's model: two
/// layers of width 8 and feed-forward width 12 over 6 tokens.
constexpr double kSummed = 2 * (5 * 8 + 12 + 6) + 8;

void expect_cached_equals_uncached(const spec::ModelConfig& config, const std::string& what) {
  const auto made = make_model(config, 7, 1);
  const Model& model = *made;
  testing::randomise(model.parameters(), 13);
  const Tensor expected = testing::logits_of(model, example());
  const auto exact = make_model(config, 7, 1, at::kDouble);
  testing::randomise(exact->parameters(), 13);
  const Tensor in_double = testing::logits_of(*exact, example());
  for (const std::vector<std::size_t>& parts :
       {std::vector<std::size_t>{1, 1, 1, 1, 1, 1}, {3, 1, 2}, {6}}) {
    Cache cache;
    std::vector<Tensor> found;
    auto next = example().begin();
    for (const std::size_t count : parts) {
      const std::vector<std::int64_t> part(next, next + static_cast<std::ptrdiff_t>(count));
      found.push_back(
          testing::logits_of(model, part, {.taps = nullptr, .dropout = {}, .cache = &cache}));
      next += static_cast<std::ptrdiff_t>(count);
    }
    const double size = in_double.abs().max().item<double>();
    testing::expect_rounding_alone(testing::largest_difference(at::cat(found), in_double),
                                   testing::largest_difference(expected, in_double),
                                   testing::rounding(kSummed) * size,
                                   base::concat(what, " in ", parts.size(), " parts"));
    EXPECT_EQ(cache.tokens, 6) << what;
    if (!config.recurrent() && config.attention.weights != spec::Weighting::kNone) {
      const std::int64_t heads = config.attention.projection == spec::Projection::kIdentity
                                     ? config.heads
                                     : config.key_value_heads;
      EXPECT_EQ(shape_text(cache.values[0].sizes()), base::concat("[1, ", heads, ", 6, 2]"))
          << what;
    }
  }
}

TEST(Cache, EqualsNoCacheForEveryPositionAndAttention) {
  for (const spec::Position kind : spec::all<spec::Position>()) {
    spec::ModelConfig config = testing::tiny_model_config();
    config.position = kind;
    for (const std::int64_t shared : {4, 2, 1}) {
      config.key_value_heads = shared;
      for (const spec::Weighting weights : {spec::Weighting::kSoftmax, spec::Weighting::kUniform}) {
        config.attention.weights = weights;
        expect_cached_equals_uncached(config, base::concat(kind, " ", weights, " ", shared));
      }
    }
    config.key_value_heads = 4;
    config.attention = {.projection = spec::Projection::kIdentity,
                        .weights = spec::Weighting::kSoftmax,
                        .scaled = true};
    expect_cached_equals_uncached(config, base::concat(kind) + " identity");
    config.attention = {.projection = spec::Projection::kLearned,
                        .weights = spec::Weighting::kSoftmax,
                        .scaled = false};
    expect_cached_equals_uncached(config, base::concat(kind) + " unscaled");
    config.attention = {.projection = spec::Projection::kLearned,
                        .weights = spec::Weighting::kNone,
                        .scaled = true};
    expect_cached_equals_uncached(config, base::concat(kind) + " no attention");
  }
}

TEST(Cache, EqualsNoCacheForRecurrentNets) {
  spec::ModelConfig config = testing::tiny_model_config();
  for (const spec::Architecture kind : {spec::Architecture::kLstm, spec::Architecture::kGru}) {
    config.kind = kind;
    expect_cached_equals_uncached(config, base::concat(kind));
  }
}

}  // namespace
}  // namespace qkv::model
