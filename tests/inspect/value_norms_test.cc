#include "inspect/values/value_norms.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/format.h"
#include "inspect/tiny.h"
#include "inspect/values/values_analysis.h"

namespace qkv::inspect {
namespace {

std::vector<spec::ModelConfig> value_models() {
  std::vector<spec::ModelConfig> models;
  for (const spec::Weighting weighting : {spec::Weighting::kSoftmax, spec::Weighting::kUniform}) {
    for (const spec::Projection projection : spec::all<spec::Projection>()) {
      spec::ModelConfig model = tests::tiny_config().model;
      model.attention.weights = weighting;
      model.attention.projection = projection;
      if (projection == spec::Projection::kLearned) model.key_value_heads = 2;
      model.bias = true;
      models.push_back(model);
    }
  }
  models.back().objective = spec::Objective::kMasked;
  return models;
}

// In plain loops: the vector A · v · W_O of each head, and its length.
TEST(ValueNorms, AreTheLengthsOfWhatAttentionMoves) {
  for (const spec::ModelConfig& model_config : value_models()) {
    config::Config config = tests::tiny_config();
    config.model = model_config;
    const auto checkpoint = tests::tiny_checkpoint(config);
    const engine::Model& model = *checkpoint.model;
    const Inspection inspection = tests::inspect_text(checkpoint, "the cat sat on the mat");
    const ValueNorms found = value_norms(model, inspection.taps);
    const std::int64_t tokens = 6;
    const std::int64_t head_width = model_config.head_width();
    for (std::int64_t layer = 0; layer < model_config.layers; ++layer) {
      const std::string name = base::concat("layers.", layer, ".attention.");
      const base::Array& weights = inspection.taps.value(name + "weights");
      const base::Array& values = inspection.taps.value(name + "value");
      const base::Array w_o =
          model.weight(model.list().layers[static_cast<std::size_t>(layer)].output.weight);
      for (std::int64_t query = 0; query < tokens; ++query) {
        for (std::int64_t key = 0; key < tokens; ++key) {
          std::vector<double> sum(static_cast<std::size_t>(model_config.width));
          double lengths = 0;
          for (std::int64_t head = 0; head < model_config.heads; ++head) {
            const std::int64_t group = head * values.shape[0] / model_config.heads;
            double square = 0;
            for (std::size_t row = 0; row < sum.size(); ++row) {
              double moved = 0;
              for (std::int64_t at = 0; at < head_width; ++at)
                moved += double(weights[head][query].data[key]) * values[group][key].data[at] *
                         w_o[static_cast<std::int64_t>(row)].data[head * head_width + at];
              square += moved * moved;
              sum[row] += moved;
            }
            EXPECT_NEAR(found.heads[layer][head][query].data[key], std::sqrt(square),
                        1e-5 * std::sqrt(square));
            lengths += std::sqrt(square);
          }
          double square = 0;
          for (const double value : sum) square += value * value;
          // Vectors may cancel, so the error is relative to the lengths of all.
          EXPECT_NEAR(found.layers[layer][query].data[key], std::sqrt(square), 1e-4 * lengths);
        }
      }
    }
  }
}

TEST(ValueNorms, SharesOfARowAddUpToOne) {
  base::Array lengths({2, 2, 3}, {1, 2, 5, 0, 0, 0, 3, 0, 1, 2, 2, 4});
  const base::Array shares = row_shares(lengths);
  EXPECT_EQ(shares.shape, lengths.shape);
  EXPECT_EQ(shares.values, (std::vector<float>{0.125F, 0.25F, 0.625F, 0, 0, 0, 0.75F, 0, 0.25F,
                                               0.25F, 0.25F, 0.5F}));
}

TEST(ValueNorms, AreTheSameInTheirJson) {
  const auto checkpoint = tests::tiny_checkpoint(tests::tiny_config());
  const Inspection inspection = tests::inspect_text(checkpoint, "the cat sat");
  const ValueNorms norms = value_norms(*checkpoint.model, inspection.taps);
  const Finding finding = ValuesAnalysis().find(checkpoint, inspection, 1);
  const base::Json json = base::Json::parse(finding.json);
  for (std::int64_t layer = 0; layer < 2; ++layer) {
    const base::Json& of_layer = json["layers"][static_cast<std::size_t>(layer)];
    for (std::int64_t query = 0; query < 3; ++query) {
      for (std::int64_t key = 0; key < 3; ++key) {
        const auto row = static_cast<std::size_t>(query);
        const auto column = static_cast<std::size_t>(key);
        EXPECT_EQ(of_layer["lengths"][row][column].get<float>(),
                  norms.layers[layer][query].data[key]);
        for (std::int64_t head = 0; head < 4; ++head)
          EXPECT_EQ(of_layer["heads"][static_cast<std::size_t>(head)]["lengths"][row][column]
                        .get<float>(),
                    norms.heads[layer][head][query].data[key]);
      }
    }
  }
  double first_row = 0;
  for (const base::Json& share : json["rollout"][2]) first_row += share.get<double>();
  EXPECT_NEAR(first_row, 1, tests::rounding_of_weights(3));
  EXPECT_TRUE(
      finding.text.starts_with("what token 2 attends to most, and what it receives most from\n"))
      << finding.text;
}

}  // namespace
}  // namespace qkv::inspect
