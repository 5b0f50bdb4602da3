#include "generate/reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "model/support.h"

namespace qkv::generate {
namespace {

using testing::largest_difference;

spec::ModelConfig small_config(spec::Position position) {
  spec::ModelConfig config = testing::tiny_model_config();
  config.position = position;
  return config;
}

/// The output of a reader after `ids`, as a separate tensor.
model::Tensor read(Reader& reader, const std::vector<std::int32_t>& ids) {
  const std::span<const float> logits = reader.read(ids);
  return torch::tensor(at::ArrayRef<float>(logits.data(), logits.size()));
}

model::Tensor last_logits(const model::Model& model, const std::vector<std::int64_t>& ids) {
  return testing::logits_of(model, ids)[-1];
}

// Two ways to compute one float32 model of width 8, with logits of some units: 1e-5 is 170
// roundings of 2^-24. The longest path sums about 100 numbers, whose roundings grow with the square
// root of this.
TEST(Reader, GivesTheLogitsOfTheWholeText) {
  for (const spec::Position position : spec::all<spec::Position>()) {
    for (const std::int64_t shared : {4, 2, 1}) {
      spec::ModelConfig config = small_config(position);
      config.key_value_heads = shared;
      const model::Transformer model(config, 9, 1);
      testing::randomise(model.parameters(), 3);
      Reader reader(model);
      EXPECT_LT(largest_difference(read(reader, {4, 5}), last_logits(model, {4, 5})), 1e-5)
          << position;
      EXPECT_LT(largest_difference(read(reader, {6}), last_logits(model, {4, 5, 6})), 1e-5)
          << position;
      EXPECT_LT(largest_difference(read(reader, {7}), last_logits(model, {4, 5, 6, 7})), 1e-5)
          << position;
      EXPECT_LT(largest_difference(read(reader, {8, 4}), last_logits(model, {4, 5, 6, 7, 8, 4})),
                1e-5)
          << position;
    }
  }
}

TEST(Reader, BeyondTheContextGoesOnWithTheNewerHalf) {
  for (const spec::Position position : spec::all<spec::Position>()) {
    const model::Transformer model(small_config(position), 9, 1);  // context 6
    testing::randomise(model.parameters(), 3);
    Reader reader(model);
    read(reader, {1, 2, 3, 4, 5, 6});
    EXPECT_LT(largest_difference(read(reader, {7}), last_logits(model, {5, 6, 7})), 1e-5)
        << position;
    EXPECT_LT(largest_difference(read(reader, {8}), last_logits(model, {5, 6, 7, 8})), 1e-5)
        << position;
    EXPECT_LT(largest_difference(read(reader, {1, 2}), last_logits(model, {5, 6, 7, 8, 1, 2})),
              1e-5)
        << position;
    EXPECT_LT(largest_difference(read(reader, {3}), last_logits(model, {1, 2, 3})), 1e-5)
        << position;
  }
}

TEST(Reader, GoesOnFromTheStateOfARecurrentNet) {
  for (const spec::Architecture kind : {spec::Architecture::kLstm, spec::Architecture::kGru}) {
    spec::ModelConfig config = small_config(spec::Position::kNone);
    config.kind = kind;
    const auto model = model::make_model(config, 9, 1);
    testing::randomise(model->parameters(), 3);
    Reader reader(*model);
    EXPECT_LT(largest_difference(read(reader, {4, 5}), last_logits(*model, {4, 5})), 1e-5) << kind;
    EXPECT_LT(largest_difference(read(reader, {6}), last_logits(*model, {4, 5, 6})), 1e-5) << kind;
    read(reader, {7, 8, 1});
    EXPECT_LT(largest_difference(read(reader, {2}), last_logits(*model, {8, 1, 2})), 1e-5) << kind;
    EXPECT_LT(largest_difference(read(reader, {3}), last_logits(*model, {8, 1, 2, 3})), 1e-5)
        << kind;
  }
}

TEST(Reader, TakesAPromptLongerThanTheContext) {
  const model::Transformer model(small_config(spec::Position::kRotary), 9, 1);
  testing::randomise(model.parameters(), 3);
  Reader reader(model);
  EXPECT_LT(largest_difference(read(reader, {1, 2, 3, 4, 5, 6, 7, 8, 1, 2}),
                               last_logits(model, {8, 1, 2})),
            1e-5);
}

TEST(Reader, WorksInAContextOfOne) {
  spec::ModelConfig config = small_config(spec::Position::kLearned);
  config.context = 1;
  const model::Transformer model(config, 9, 1);
  testing::randomise(model.parameters(), 3);
  Reader reader(model);
  for (const std::int32_t id : {1, 5, 8})
    EXPECT_LT(largest_difference(read(reader, {id}), last_logits(model, {id})), 1e-5);
}

}  // namespace
}  // namespace qkv::generate
