#include "engine/size.h"

#include <gtest/gtest.h>

#include "predict/support.h"
#include "process_memory.h"

namespace qkv::predict {
namespace {

struct Shape {
  const char* name;
  std::int64_t layers;
  std::int64_t width;
  std::int64_t context;
  std::int64_t vocabulary;
};

/// Reads a text as long as the context and scores each of its tokens.
void score_a_text(const engine::Model& model, Scorer& scorer) {
  const std::int64_t context = model.config().context;
  std::vector<std::int32_t> ids(static_cast<std::size_t>(context));
  std::vector<Target> targets;
  for (std::int64_t place = 0; place < context; ++place) {
    ids[static_cast<std::size_t>(place)] = static_cast<std::int32_t>(place % model.vocabulary());
    targets.push_back({.place = place, .piece = 0});
  }
  std::vector<TargetScore> scores(targets.size());
  scorer.score({.ids = ids, .targets = targets}, nullptr, scores);
}

// What the heap keeps, and pages of code that ran for the first time.
constexpr double kRest = 3e6;

TEST(Bytes, OfAModelAndAScorerAreAboutWhatTheyTake) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer has memory of its own";
#endif
  tests::use_memory_exactly();
  for (const Shape& shape : {Shape{"long", 4, 128, 2048, 300}, Shape{"wide", 4, 512, 256, 300},
                             Shape{"many pieces", 2, 256, 256, 32000}}) {
    spec::ModelConfig config;
    config.layers = shape.layers;
    config.width = shape.width;
    config.context = shape.context;
    config.feed_forward.width = 4 * shape.width;
    std::vector<base::Array> weights;
    for (const spec::Weight& weight : spec::WeightList(config, shape.vocabulary).all)
      weights.emplace_back(weight.shape);
    const double arrays = 4 * spec::count_parameters(config, shape.vocabulary);
    const double before = tests::resident_bytes() - arrays;
    const engine::Model model(config, shape.vocabulary, std::move(weights));
    const double made = tests::resident_bytes() - before;
    const double model_bytes = engine::model_bytes(config, shape.vocabulary);
    EXPECT_LT(made, model_bytes + kRest) << shape.name;
    EXPECT_GT(made + kRest, 0.5 * model_bytes) << shape.name;

    std::vector<std::unique_ptr<Scorer>> scorers;
    constexpr int kScorers = 4;
    const double without = tests::resident_bytes();
    for (int count = 0; count < kScorers; ++count) {
      scorers.push_back(std::make_unique<Scorer>(model));
      score_a_text(model, *scorers.back());
    }
    const double found = tests::resident_bytes() - without;
    const double expected =
        kScorers * scorer_bytes(config, shape.vocabulary, {.tokens = config.context});
    EXPECT_LT(found, expected + kRest) << shape.name;
    EXPECT_GT(found + kRest, 0.7 * expected) << shape.name;
  }
}

}  // namespace
}  // namespace qkv::predict
