#include "inspect/lens/lens.h"

#include <gtest/gtest.h>

#include <cmath>

#include "inspect/fillings.h"
#include "inspect/lens/lens_analysis.h"
#include "inspect/tiny.h"

namespace qkv::inspect {
namespace {

checkpoint::Checkpoint checkpoint_of(spec::Objective objective, spec::Norm norm,
                                     spec::Position position = spec::Position::kAlibi) {
  config::Config config = tests::tiny_config();
  config.model.objective = objective;
  config.model.norm = norm;
  config.model.position = position;
  return tests::tiny_checkpoint(config);
}

Lens lens_of(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection) {
  return read_lens(*checkpoint.model, ids_of(inspection.passage), inspection.taps);
}

/// The prediction from a vector of the residual stream in plain loops: the formula of the norm, and
/// a product with each row of the embedding table (it is tied).
std::vector<double> predicted(const checkpoint::Checkpoint& checkpoint, base::View x) {
  const engine::Model& model = *checkpoint.model;
  const spec::ModelConfig& config = checkpoint.config.model;
  const base::Array weight = model.weight(model.list().norm.weight);
  const bool centred = config.norm == spec::Norm::kLayer;
  double mean = 0;
  for (const float value : x.values()) mean += centred ? value / double(config.width) : 0;
  double square = 0;
  for (const float value : x.values()) square += (value - mean) * (value - mean);
  const double scale = 1 / std::sqrt(square / double(config.width) + config.norm_epsilon);
  std::vector<double> logits;
  for (std::int64_t id = 0; id < model.vocabulary(); ++id) {
    double logit = 0;
    for (std::size_t at = 0; at < x.size(); ++at)
      logit +=
          model.embedding()[id].values()[at] * (x.values()[at] - mean) * scale * weight.values[at];
    logits.push_back(logit);
  }
  double total = 0;
  for (const double logit : logits) total += std::exp(logit);
  for (double& logit : logits) logit = std::exp(logit) / total;
  return logits;
}

TEST(Lens, PredictsFromEachDepthOfTheResidualStream) {
  for (const spec::Norm norm : spec::all<spec::Norm>()) {
    for (const spec::Position position : {spec::Position::kAlibi, spec::Position::kLearned}) {
      const auto checkpoint = checkpoint_of(spec::Objective::kCausal, norm, position);
      const Inspection inspection = tests::inspect_text(checkpoint, "the cat sat on the mat");
      const std::vector<std::int32_t> ids = ids_of(inspection.passage);
      const Lens lens = lens_of(checkpoint, inspection);
      ASSERT_EQ(lens.depths,
                (std::vector<std::string>{"embedding", "layers.0.middle", "layers.0.output",
                                          "layers.1.middle", "final"}));
      const std::vector<std::string> taps = {"layers.0.input", "layers.0.middle", "layers.0.output",
                                             "layers.1.middle", "layers.1.output"};
      for (std::size_t depth = 0; depth < taps.size(); ++depth) {
        for (std::size_t token = 0; token < ids.size(); ++token) {
          const auto at = static_cast<std::int64_t>(token);
          const auto row = static_cast<std::int64_t>(depth);
          const auto here = predicted(checkpoint, inspection.taps.value(taps[depth])[at]);
          const auto end = predicted(checkpoint, inspection.taps.value(taps.back())[at]);
          // Errors of logits, which are sums of 16 products of up to about 10, in float32.
          constexpr double kRelative = 1e-4;
          double divergence = 0;
          for (std::size_t id = 0; id < here.size(); ++id)
            divergence += end[id] * std::log(end[id] / here[id]);
          EXPECT_NEAR(lens.divergence[row].values()[token], divergence,
                      kRelative * (1 + divergence));
          const double found = lens.probability[row].values()[token];
          if (token + 1 == ids.size()) {
            EXPECT_TRUE(std::isnan(found));
          } else {
            const double expected = here[static_cast<std::size_t>(ids[token + 1])];
            EXPECT_NEAR(found, expected, kRelative * expected);
          }
          std::vector<Filling> all;
          for (const double p : here) all.push_back({static_cast<std::int32_t>(all.size()), p});
          std::ranges::stable_sort(all, std::greater(), &Filling::probability);
          ASSERT_EQ(lens.top[depth][token].size(), 5U);
          for (std::size_t place = 0; place < 5; ++place) {
            EXPECT_EQ(lens.top[depth][token][place].id, all[place].id);
            EXPECT_NEAR(lens.top[depth][token][place].probability, all[place].probability,
                        kRelative * all[place].probability);
          }
        }
      }
    }
  }
}

TEST(Lens, EndsInTheModelsPrediction) {
  const auto checkpoint = checkpoint_of(spec::Objective::kCausal, spec::Norm::kRms);
  const Inspection inspection = tests::inspect_text(checkpoint, "the cat sat");
  const Lens lens = lens_of(checkpoint, inspection);
  const std::int64_t last = lens.divergence.shape[0] - 1;
  for (const double nats : lens.divergence[last].values()) EXPECT_EQ(nats, 0);
  for (const double nats : lens.divergence[0].values()) EXPECT_GT(nats, 0);
}

TEST(Lens, JudgesAMaskedModelByTheWordsThatStandThere) {
  const auto checkpoint = checkpoint_of(spec::Objective::kMasked, spec::Norm::kLayer);
  const Inspection inspection = tests::inspect_text(checkpoint, "the <mask> sat");
  const std::vector<std::int32_t> ids = ids_of(inspection.passage);
  const Lens lens = lens_of(checkpoint, inspection);
  for (std::size_t token = 0; token < ids.size(); ++token) {
    const bool hidden = ids[token] == text::Tokenizer::kMask;
    EXPECT_EQ(std::isnan(lens.probability[0].values()[token]), hidden);
    if (hidden) continue;
    const auto at = static_cast<std::int64_t>(token);
    const std::vector<double> here =
        predicted(checkpoint, inspection.taps.value("layers.0.input")[at]);
    const double expected = here[static_cast<std::size_t>(ids[token])];
    EXPECT_NEAR(lens.probability[0].values()[token], expected, 1e-4 * expected);
  }
}

TEST(Lens, OfARecurrentModelHasADepthPerLayer) {
  config::Config config = tests::tiny_config();
  config.model.kind = spec::Architecture::kLstm;
  const auto checkpoint = tests::tiny_checkpoint(config);
  const Inspection inspection = tests::inspect_text(checkpoint, "the cat sat");
  EXPECT_EQ(lens_of(checkpoint, inspection).depths,
            (std::vector<std::string>{"embedding", "layers.0.output", "final"}));
}

TEST(Lens, IsTheSameInItsJson) {
  const auto checkpoint = checkpoint_of(spec::Objective::kCausal, spec::Norm::kLayer);
  const Inspection inspection = tests::inspect_text(checkpoint, "the cat sat");
  const Lens lens = lens_of(checkpoint, inspection);
  const base::Json json = base::Json::parse(lens_json(checkpoint, inspection, lens));
  EXPECT_EQ(json["depths"], base::Json(lens.depths));
  ASSERT_EQ(json["tokens"].size(), 3U);
  for (std::size_t depth = 0; depth < lens.depths.size(); ++depth) {
    const auto row = static_cast<std::int64_t>(depth);
    for (std::size_t token = 0; token < 3; ++token) {
      EXPECT_EQ(json["kl"][depth][token], lens.divergence[row].values()[token]);
      const base::Json& probability = json["probability"][depth][token];
      EXPECT_EQ(probability.is_null(), token == 2);
      if (token < 2) {
        EXPECT_EQ(probability, lens.probability[row].values()[token]);
      }
      ASSERT_EQ(json["top"][depth][token].size(), 5U);
      const Filling& first = lens.top[depth][token][0];
      EXPECT_EQ(json["top"][depth][token][0]["id"], first.id);
      EXPECT_EQ(json["top"][depth][token][0]["piece"], checkpoint.tokenizer.piece(first.id));
      EXPECT_EQ(json["top"][depth][token][0]["probability"], first.probability);
    }
  }
}

TEST(Lens, PrintsTheDepthsOfThePrediction) {
  const auto checkpoint = checkpoint_of(spec::Objective::kCausal, spec::Norm::kLayer);
  const Inspection inspection = tests::inspect_text(checkpoint, "the cat sat");
  const Lens lens = lens_of(checkpoint, inspection);
  const std::string text = lens_text(checkpoint, inspection, lens);
  EXPECT_TRUE(text.starts_with("what each depth would predict after token 2\n")) << text;
  for (const char* row :
       {"  embedding ", "  layer 0, after attention ", "  layer 0, after feed-forward ",
        "  layer 1, after attention ", "  output "})
    EXPECT_NE(text.find(row), std::string::npos) << row << text;
}

}  // namespace
}  // namespace qkv::inspect
