#include "generate/reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/support.h"

namespace qkv::generate {
namespace {

spec::ModelConfig reader_config(spec::Position position) {
  spec::ModelConfig config = tests::tiny_model_config();
  config.position = position;
  return config;
}

using TokenIds = std::vector<std::int32_t>;

/// A reader sums a token that it reads alone in another order. Logits of some units, of two ways to
/// compute one float32 model of width 8: 1e-5 is 170 roundings of 2^-24. The longest path sums
/// about 100 numbers, whose roundings grow with the square root of this.
constexpr double kRounding = 1e-5;

/// How far a reader's logits after `ids` are from those that the engine gives for `text` at once.
double error_after(Reader& reader, const engine::Model& model, const TokenIds& ids,
                   const TokenIds& text) {
  const std::span<const float> found = reader.read(ids);
  const base::Array all = tests::all_logits(model, text);
  const std::span<const float> expected = all[all.shape[0] - 1].values();
  double largest = 0;
  for (std::size_t at = 0; at < expected.size(); ++at)
    largest = std::max(largest, std::abs(static_cast<double>(found[at] - expected[at])));
  return largest;
}

TEST(Reader, GivesTheLogitsOfTheWholeText) {
  for (const spec::Position position : spec::all<spec::Position>()) {
    for (const std::int64_t shared : {4, 2, 1}) {
      spec::ModelConfig config = reader_config(position);
      config.key_value_heads = shared;
      const auto model = tests::random_model(config, 9, 3);
      Reader reader(*model);
      EXPECT_LT(error_after(reader, *model, {4, 5}, {4, 5}), kRounding) << position;
      EXPECT_LT(error_after(reader, *model, {6}, {4, 5, 6}), kRounding) << position;
      EXPECT_LT(error_after(reader, *model, {7}, {4, 5, 6, 7}), kRounding) << position;
      EXPECT_LT(error_after(reader, *model, {8, 4}, {4, 5, 6, 7, 8, 4}), kRounding) << position;
    }
  }
}

TEST(Reader, BeyondTheContextGoesOnWithTheNewerHalf) {
  for (const spec::Position position : spec::all<spec::Position>()) {
    const auto model = tests::random_model(reader_config(position), 9, 3);
    Reader reader(*model);
    reader.read(TokenIds{1, 2, 3, 4, 5, 6});
    EXPECT_LT(error_after(reader, *model, {7}, {5, 6, 7}), kRounding) << position;
    EXPECT_LT(error_after(reader, *model, {8}, {5, 6, 7, 8}), kRounding) << position;
    EXPECT_LT(error_after(reader, *model, {1, 2}, {5, 6, 7, 8, 1, 2}), kRounding) << position;
    EXPECT_LT(error_after(reader, *model, {3}, {1, 2, 3}), kRounding) << position;
  }
}

TEST(Reader, GoesOnFromTheStateOfARecurrentNet) {
  for (const spec::Architecture kind : {spec::Architecture::kLstm, spec::Architecture::kGru}) {
    spec::ModelConfig config = reader_config(spec::Position::kNone);
    config.kind = kind;
    const auto model = tests::random_model(config, 9, 3);
    Reader reader(*model);
    EXPECT_LT(error_after(reader, *model, {4, 5}, {4, 5}), kRounding) << kind;
    EXPECT_LT(error_after(reader, *model, {6}, {4, 5, 6}), kRounding) << kind;
    reader.read(TokenIds{7, 8, 1});
    EXPECT_LT(error_after(reader, *model, {2}, {8, 1, 2}), kRounding) << kind;
    EXPECT_LT(error_after(reader, *model, {3}, {8, 1, 2, 3}), kRounding) << kind;
  }
}

TEST(Reader, TakesAPromptLongerThanTheContext) {
  const auto model = tests::random_model(reader_config(spec::Position::kRotary), 9, 3);
  Reader reader(*model);
  EXPECT_LT(error_after(reader, *model, {1, 2, 3, 4, 5, 6, 7, 8, 1, 2}, {8, 1, 2}), kRounding);
}

TEST(Reader, WorksInAContextOfOne) {
  spec::ModelConfig config = reader_config(spec::Position::kLearned);
  config.context = 1;
  const auto model = tests::random_model(config, 9, 3);
  Reader reader(*model);
  for (const std::int32_t id : {1, 5, 8})
    EXPECT_LT(error_after(reader, *model, {id}, {id}), kRounding);
}

}  // namespace
}  // namespace qkv::generate
