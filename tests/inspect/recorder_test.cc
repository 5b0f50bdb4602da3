#include "inspect/recorder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/format.h"
#include "inspect/intervening.h"
#include "inspect/tiny.h"

namespace qkv::inspect {
namespace {

using Shapes = std::vector<std::pair<std::string, std::vector<std::int64_t>>>;

/// The list of docs/taps.md.
Shapes documented(const spec::ModelConfig& model, std::int64_t tokens, std::int64_t vocabulary) {
  const std::int64_t width = model.width;
  const std::int64_t head_width = width / model.heads;
  Shapes shapes = {{"embedding", {tokens, width}}};
  if (model.position == spec::Position::kSinusoidal || model.position == spec::Position::kLearned)
    shapes.push_back({"position", {tokens, width}});
  for (int layer = 0; layer < model.layers; ++layer) {
    const std::string prefix = "layers." + std::to_string(layer) + ".";
    const std::string attention = prefix + "attention.";
    const std::string feed_forward = prefix + "feed_forward.";
    shapes.push_back({prefix + "input", {tokens, width}});
    if (model.attention.weights != spec::Weighting::kNone) {
      const bool learned = model.attention.projection == spec::Projection::kLearned;
      const std::int64_t shared = learned ? model.key_value_heads : model.heads;
      shapes.push_back({attention + "norm", {tokens, width}});
      if (model.attention.weights == spec::Weighting::kSoftmax) {
        shapes.push_back({attention + "query", {model.heads, tokens, head_width}});
        shapes.push_back({attention + "key", {shared, tokens, head_width}});
      }
      shapes.push_back({attention + "value", {shared, tokens, head_width}});
      if (model.attention.weights == spec::Weighting::kSoftmax) {
        for (const char* name : {"scores", "scaled", "masked"}) {
          shapes.push_back({attention + name, {model.heads, tokens, tokens}});
        }
      }
      shapes.push_back({attention + "weights", {model.heads, tokens, tokens}});
      shapes.push_back({attention + "mixed", {model.heads, tokens, head_width}});
      shapes.push_back({attention + "output", {tokens, width}});
    }
    shapes.push_back({prefix + "middle", {tokens, width}});
    if (model.feed_forward.activation != spec::Activation::kNone) {
      shapes.push_back({feed_forward + "norm", {tokens, width}});
      shapes.push_back({feed_forward + "hidden", {tokens, model.feed_forward.width}});
      shapes.push_back({feed_forward + "output", {tokens, width}});
    }
    shapes.push_back({prefix + "output", {tokens, width}});
  }
  shapes.push_back({"final", {tokens, width}});
  shapes.push_back({"logits", {tokens, vocabulary}});
  return shapes;
}

std::vector<config::Config> all_kinds() {
  std::vector<config::Config> configs;
  for (const spec::Position position : spec::all<spec::Position>()) {
    for (const spec::Norm norm : spec::all<spec::Norm>()) {
      for (const std::int64_t key_value_heads : {4, 2, 1}) {
        config::Config config = tests::tiny_config();
        config.model.position = position;
        config.model.norm = norm;
        config.model.key_value_heads = key_value_heads;
        config.model.objective =
            key_value_heads == 2 ? spec::Objective::kMasked : spec::Objective::kCausal;
        configs.push_back(config);
      }
    }
  }
  for (const spec::Weighting weights : {spec::Weighting::kUniform, spec::Weighting::kNone}) {
    configs.push_back(tests::tiny_config());
    configs.back().model.attention.weights = weights;
  }
  configs.push_back(tests::tiny_config());
  configs.back().model.attention.projection = spec::Projection::kIdentity;
  configs.back().model.attention.scaled = false;
  configs.push_back(tests::tiny_config());
  configs.back().model.feed_forward.activation = spec::Activation::kNone;
  configs.push_back(tests::tiny_config());
  configs.back().model.feed_forward.activation = spec::Activation::kSwiglu;
  return configs;
}

TEST(Recorder, KeepsEveryDocumentedValueWithItsShape) {
  for (const config::Config& config : all_kinds()) {
    const checkpoint::Checkpoint checkpoint = tests::tiny_checkpoint(config);
    const Inspection inspection = tests::inspect_text(checkpoint, "the cat sat on the mat.");
    Shapes found;
    for (const auto& [name, value] : inspection.taps.values()) {
      found.push_back({name, value.shape});
      EXPECT_EQ(value.values.size(), base::value_count(value.shape));
    }
    EXPECT_EQ(found, documented(config.model, 7, checkpoint.tokenizer.size()))
        << config.model.position << " " << config.model.norm << " "
        << config.model.attention.weights;
  }
}

/// Receives every value and keeps none.
class Onlooker : public engine::Taps {
 public:
  void see(const engine::TapPlace& /*place*/, base::MutableView /*value*/) override {}
};

// Recording changes no bit; a pass without a recorder computes the same numbers in another way.
TEST(Recorder, LeavesThePassAsItIs) {
  for (const config::Config& config : all_kinds()) {
    const checkpoint::Checkpoint checkpoint = tests::tiny_checkpoint(config);
    const Inspection inspection = tests::inspect_text(checkpoint, "the cat sat on the mat.");
    const std::vector<std::int32_t> ids = ids_of(inspection.passage);
    const std::vector<float>& recorded = inspection.taps.value("logits").values;
    Onlooker onlooker;
    EXPECT_EQ(tests::all_logits(*checkpoint.model, ids, &onlooker).values, recorded);
    const std::vector<float> alone = tests::all_logits(*checkpoint.model, ids).values;
    ASSERT_EQ(alone.size(), recorded.size());
    for (std::size_t at = 0; at < alone.size(); ++at)
      EXPECT_NEAR(alone[at], recorded[at], tests::kNatsRounding);
  }
}

TEST(Recorder, KeepsTheLayersOfARecurrentNet) {
  for (const spec::Architecture kind : {spec::Architecture::kLstm, spec::Architecture::kGru}) {
    config::Config config = tests::tiny_config();
    config.model.kind = kind;
    const checkpoint::Checkpoint checkpoint = tests::tiny_checkpoint(config);
    const Inspection inspection = tests::inspect_text(checkpoint, "the cat sat on the mat.");
    Shapes found;
    for (const auto& [name, value] : inspection.taps.values()) found.push_back({name, value.shape});
    const std::vector<std::int64_t> state = {7, 16};
    EXPECT_EQ(found, (Shapes{{"embedding", state},
                             {"layers.0.input", state},
                             {"layers.0.output", state},
                             {"layers.1.input", state},
                             {"layers.1.output", state},
                             {"final", state},
                             {"logits", {7, checkpoint.tokenizer.size()}}}))
        << kind;
    const std::string message = tests::message_of([&] { require_attention(checkpoint); });
    EXPECT_EQ(message, base::concat(checkpoint.path.string(), ": model.kind: found \"", kind,
                                    "\", so this model has no attention to show; expected "
                                    "\"transformer\""));
  }
}

TEST(Recorder, WeightsSumToOneAndClosedKeysGetNothing) {
  for (const config::Config& config : all_kinds()) {
    if (config.model.attention.weights == spec::Weighting::kNone) continue;
    const checkpoint::Checkpoint checkpoint = tests::tiny_checkpoint(config);
    const Inspection inspection = tests::inspect_text(checkpoint, "the cat sat on the mat.");
    for (std::int64_t layer = 0; layer < 2; ++layer) {
      for (std::int64_t head = 0; head < 4; ++head) {
        const AttentionMap map = attention_map(inspection, layer, head);
        for (std::size_t query = 0; query < map.size(); ++query) {
          double sum = 0;
          for (std::size_t key = 0; key < map.size(); ++key) {
            sum += map[query][key];
            if (config.model.causal() && key > query) {
              EXPECT_EQ(map[query][key], 0.0F);
            }
            if (config.model.attention.weights == spec::Weighting::kUniform && key <= query) {
              EXPECT_FLOAT_EQ(map[query][key], 1.0F / static_cast<float>(query + 1));
            }
          }
          EXPECT_NEAR(sum, 1, tests::rounding_of_weights(map.size()));
        }
      }
    }
  }
}

TEST(Recorder, RefusesUnknownNames) {
  Recorder recorder;
  EXPECT_NE(tests::message_of([&] { recorder.value("final"); }), "");
}

TEST(Inspection, RefusesHeadsThatAreNotThereAndWeightsThatAreNoNumbers) {
  checkpoint::Checkpoint checkpoint = tests::tiny_checkpoint(tests::tiny_config());
  const Inspection inspection = tests::inspect_text(checkpoint, "the cat");
  EXPECT_EQ(tests::message_of([&] { attention_map(inspection, 0, 4); }),
            "--head: found 4, expected 0 to 3");
  EXPECT_NE(tests::message_of([&] { attention_map(inspection, 2, 0); }), "");

  const spec::ModelConfig& config = checkpoint.config.model;
  auto weights = tests::random_weights(config, checkpoint.tokenizer.size(), /*seed=*/7);
  base::Array& query =
      weights[static_cast<std::size_t>(checkpoint.model->list().layers[1].query.weight)];
  std::fill(query.values.begin(), query.values.end(), std::nanf(""));
  checkpoint.model = std::make_unique<engine::Model>(config, checkpoint.tokenizer.size(), weights);
  const Inspection broken = tests::inspect_text(checkpoint, "the cat");
  EXPECT_EQ(tests::message_of([&] { attention_map(broken, 0, 0); }), "");
  EXPECT_NE(tests::message_of([&] { attention_map(broken, 1, 0); }), "");
}

}  // namespace
}  // namespace qkv::inspect
