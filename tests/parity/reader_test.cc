// The engine equals the definition in src/model, for all values that a config can have.
#include "engine/reader.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "parity/support.h"
#include "rounding.h"

namespace qkv::engine {
namespace {

using tests::Both;
using tests::Ids;
using tests::kReaderRounding;
using tests::kVocabulary;
using tests::relative_error;
using tests::some_ids;

spec::ModelConfig config_of(std::int64_t width, std::int64_t heads, std::int64_t context) {
  spec::ModelConfig config;
  config.width = width;
  config.heads = config.key_value_heads = heads;
  config.context = context;
  config.feed_forward.width = width * 2 + 5;
  return config;
}

model::Tensor logits_of(const Model& model, Rows final) {
  base::Array logits({final.count, model.vocabulary()});
  model.logits(final, {logits.values.data(), model.vocabulary(), final.count});
  return tests::to_tensor(logits.view());
}

/// Reads the text in parts; the logits of all tokens.
model::Tensor logits_in_parts(Reader& reader, const Ids& ids, std::size_t part) {
  std::vector<model::Tensor> all;
  for (std::size_t begin = 0; begin < ids.size(); begin += part) {
    const std::size_t many = std::min(part, ids.size() - begin);
    const Rows final = reader.read(std::span<const std::int32_t>(ids).subspan(begin, many));
    all.push_back(logits_of(reader.model(), final));
  }
  return at::cat(all);
}

void expect_the_model(const spec::ModelConfig& config, const std::string& what) {
  const Both both(config);
  const Ids ids = some_ids(config.context);
  const model::Tensor expected = both.logits(ids);
  const auto reader = make_reader(both.engine());
  EXPECT_LT(relative_error(logits_in_parts(*reader, ids, ids.size()), expected), kReaderRounding)
      << what;
  if (!config.causal()) return;
  for (const std::size_t part : {std::size_t{1}, std::size_t{3}}) {
    reader->forget();
    EXPECT_LT(relative_error(logits_in_parts(*reader, ids, part), expected), kReaderRounding)
        << what << " in parts of " << part;
    reader->forget();
    std::span<const float> next;
    for (std::size_t begin = 0; begin < ids.size(); begin += part) {
      next = reader->next(
          std::span<const std::int32_t>(ids).subspan(begin, std::min(part, ids.size() - begin)));
    }
    const std::int64_t shape[] = {kVocabulary};
    EXPECT_LT(relative_error(tests::to_tensor({shape, next.data()}), expected[-1]), kReaderRounding)
        << what << ", next token in parts of " << part;
  }
}

struct Kind {
  spec::AttentionConfig attention;
  std::int64_t key_value_heads;
};

/// Every projection and weighting, with shared keys and values where they can be.
std::vector<Kind> attention_kinds() {
  using enum spec::Projection;
  using enum spec::Weighting;
  return {{{kLearned, kSoftmax, true}, 4},
          {{kLearned, kSoftmax, true}, 2},
          {{kLearned, kSoftmax, false}, 1},
          {{kIdentity, kSoftmax, true}, 4},
          {{kIdentity, kSoftmax, false}, 2},
          {{kLearned, kUniform, true}, 4},
          {{kLearned, kUniform, true}, 2},
          {{kIdentity, kUniform, true}, 4},
          {{kLearned, kNone, true}, 4},
          {{kLearned, kSoftmax, true, true}, 2},
          {{kIdentity, kSoftmax, true, true}, 4},
          {{kLearned, kSoftmax, true, false, true}, 2},
          {{kLearned, kUniform, true, false, true}, 4}};
}

/// Every attention, position, norm and objective.
template <typename Use>
void for_each_kind(Use use) {
  const std::vector<Kind> kinds = attention_kinds();
  for (const spec::Objective objective : spec::all<spec::Objective>()) {
    for (const spec::Position position : spec::all<spec::Position>()) {
      for (const spec::Norm norm : spec::all<spec::Norm>()) {
        for (const bool bias : {false, true}) {
          for (const Kind& kind : kinds) {
            spec::ModelConfig config = config_of(24, 4, 19);
            config.objective = objective;
            config.position = position;
            config.norm = norm;
            config.bias = bias;
            config.attention = kind.attention;
            config.key_value_heads = kind.key_value_heads;
            use(config, base::concat(objective, " ", position, " ", norm, bias ? " bias " : " ",
                                     kind.attention.projection, " ", kind.attention.weights, " ",
                                     kind.key_value_heads,
                                     kind.attention.query_key_norm ? " query_key_norm" : "",
                                     kind.attention.value_residual ? " value_residual" : ""));
          }
        }
      }
    }
  }
}

TEST(EngineReader, IsTheModelForEveryPositionNormAndAttention) { for_each_kind(expect_the_model); }

TEST(EngineReader, IsTheModelForEveryActivation) {
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

TEST(EngineReader, IsTheModelForEveryRecurrentNet) {
  for (const spec::Architecture kind : {spec::Architecture::kLstm, spec::Architecture::kGru}) {
    for (const spec::Objective objective : spec::all<spec::Objective>()) {
      for (const spec::Norm norm : spec::all<spec::Norm>()) {
        spec::ModelConfig config = config_of(22, 1, 21);
        config.kind = kind;
        config.objective = objective;
        config.norm = norm;
        config.layers = 3;
        expect_the_model(config, base::concat(kind, " ", objective, " ", norm));
      }
    }
  }
}

TEST(EngineReader, IsTheModelInOddSizes) {
  // Widths that fill no register, one head, one layer, one position; heads wider than a panel; and
  // texts of several blocks of tokens and of queries.
  expect_the_model(config_of(1, 1, 1), "all one");
  expect_the_model(config_of(10, 5, 7), "width 10");
  expect_the_model(config_of(34, 2, 70), "width 34");
  spec::ModelConfig config = config_of(160, 2, 230);
  config.layers = 3;
  config.position = spec::Position::kRotary;
  config.rotary_base = 500;
  expect_the_model(config, "width 160");
  config.objective = spec::Objective::kMasked;
  config.position = spec::Position::kAlibi;
  expect_the_model(config, "width 160, masked");
}

TEST(EngineReader, GivesTheSameNumbersWhateverTheThreads) {
  spec::ModelConfig config = config_of(160, 5, 60);
  config.position = spec::Position::kAlibi;
  config.feed_forward = {.width = 333, .activation = spec::Activation::kSwiglu};
  const Both both(config, 3);
  const Ids ids = some_ids(60);
  const auto numbers_with = [&](int threads) {
    const auto reader = make_reader(both.engine(), threads);
    std::vector<float> all;
    for (std::size_t begin = 0; begin < ids.size(); begin += begin < 40 ? 20 : 1) {
      const auto logits = reader->next({&ids[begin], begin < 40 ? std::size_t{20} : 1});
      all.insert(all.end(), logits.begin(), logits.end());
    }
    reader->forget();
    const Rows final = reader->read(ids);
    all.insert(all.end(), final.values, final.values + final.count * final.stride);
    return all;
  };
  const std::vector<float> alone = numbers_with(1);
  for (const int threads : {2, 3, 7}) EXPECT_EQ(numbers_with(threads), alone) << threads;
}

TEST(EngineReader, IsTheModelOnEveryKindOfProcessor) {
  for (const kernels::Instructions instructions : kernels::usable_instructions()) {
    for (const spec::Activation activation : {spec::Activation::kGelu, spec::Activation::kSwiglu}) {
      spec::ModelConfig config = config_of(72, 3, 90);
      config.feed_forward.activation = activation;
      const Both both(config, 11, instructions);
      const Ids ids = some_ids(config.context);
      const model::Tensor expected = both.logits(ids);
      const auto reader = make_reader(both.engine(), 2);
      for (const std::size_t part : {std::size_t{1}, std::size_t{7}, ids.size()}) {
        reader->forget();
        EXPECT_LT(relative_error(logits_in_parts(*reader, ids, part), expected), kReaderRounding)
            << kernels::name(instructions) << " in parts of " << part;
      }
    }
  }
}

TEST(EngineReader, RefusesWhatItCannotRead) {
  for (const spec::Architecture kind : spec::all<spec::Architecture>()) {
    spec::ModelConfig config = config_of(8, 2, 4);
    config.kind = kind;
    const Both both(config);
    const auto reader = make_reader(both.engine());
    EXPECT_THROW(reader->read(Ids{1, 2, 3, 4, 5}), base::Error);
    EXPECT_THROW(reader->read(Ids{1, kVocabulary}), base::Error);
    EXPECT_THROW(reader->read(Ids{-1}), base::Error);
    EXPECT_EQ(reader->tokens(), 0);
    reader->read(Ids{1, 2, 3});
    EXPECT_THROW(reader->next(Ids{1, 2}), base::Error);
    EXPECT_EQ(reader->tokens(), 3);
  }
}

/// Keeps every value of a pass.
class Kept : public Taps {
 public:
  void see(const TapPlace& place, base::MutableView value) override {
    names.push_back(tap_name(place));
    values[names.back()] = tests::to_tensor(value);
  }
  std::vector<std::string> names;
  std::map<std::string, model::Tensor> values;
};
class KeptByModel : public model::Taps {
 public:
  model::Tensor see(const std::string& name, model::Tensor value) override {
    names.push_back(name);
    values[name] = value.detach()[0].clone();
    return value;
  }
  std::vector<std::string> names;
  std::map<std::string, model::Tensor> values;
};

/// The model's values of a text.
KeptByModel values_of(const model::Model& model, const Ids& ids) {
  const torch::NoGradGuard no_gradients;
  KeptByModel kept;
  const std::vector<std::int64_t> row(ids.begin(), ids.end());
  const model::Pass pass{.taps = &kept, .dropout = {}};
  const model::Tokens tokens{
      .ids = torch::tensor(row, at::kLong).unsqueeze(0), .positions = {}, .documents = {}};
  model.logits(model.hidden(tokens, pass), pass);
  return kept;
}

void expect_the_values(const spec::ModelConfig& config, const std::string& what) {
  const Both both(config);
  const Ids ids = some_ids(config.context);
  const KeptByModel expected = values_of(both.model(), ids);
  Kept found;
  const auto reader = make_reader(both.engine());
  reader->read(ids, &found);
  ASSERT_EQ(found.names, expected.names) << what;
  // A softmax turns the error of a score into a relative error of the weight, and a score is
  // rounded a few times.
  double score = 0;
  for (const auto& [name, value] : expected.values) {
    if (name.ends_with("scaled")) score = std::max(score, value.abs().max().item<double>());
  }
  const double tolerance = kReaderRounding + 4 * tests::kFloat32 * score;
  for (const auto& [name, value] : expected.values) {
    const model::Tensor& other = found.values.at(name);
    ASSERT_EQ(other.sizes(), value.sizes()) << what << " " << name;
    const model::Tensor closed = value.isinf();
    EXPECT_TRUE(at::equal(other.isinf(), closed)) << what << " " << name;
    EXPECT_LT(relative_error(other.masked_fill(closed, 0), value.masked_fill(closed, 0)), tolerance)
        << what << " " << name;
  }
}

TEST(EngineReader, ShowsTheModelsValues) {
  for_each_kind(expect_the_values);
  for (const spec::Activation activation : spec::all<spec::Activation>()) {
    spec::ModelConfig config = config_of(24, 3, 60);
    config.feed_forward.activation = activation;
    expect_the_values(config, base::concat(activation));
  }
  for (const spec::Architecture kind : {spec::Architecture::kLstm, spec::Architecture::kGru}) {
    for (const spec::Objective objective : spec::all<spec::Objective>()) {
      spec::ModelConfig config = config_of(24, 1, 9);
      config.kind = kind;
      config.objective = objective;
      expect_the_values(config, base::concat(kind, " ", objective));
    }
  }
}

/// Replaces a value v by (1 − v) / 2, but leaves −∞, the score of a closed key.
class Replacer : public Taps {
 public:
  explicit Replacer(TapPlace place) : place_(place) {}
  bool wants(const TapPlace& place) const override { return place == place_; }
  void see(const TapPlace& /*place*/, base::MutableView value) override {
    used = true;
    for (float& each : value.values()) each = std::isinf(each) ? each : (1 - each) / 2;
  }
  bool used = false;

 private:
  TapPlace place_;
};
class ReplacerInModel : public model::Taps {
 public:
  explicit ReplacerInModel(std::string name) : name_(std::move(name)) {}
  model::Tensor see(const std::string& name, model::Tensor value) override {
    if (name != name_) return value;
    used = true;
    return at::where(value.isinf(), value, (1 - value) / 2);
  }
  bool used = false;

 private:
  std::string name_;
};

/// Replaces each value of a pass that can be replaced, one at a time; layer 1 stands for all.
void expect_replaced_values(const spec::ModelConfig& config, const std::string& what) {
  const Both both(config);
  const Ids ids = some_ids(config.context);
  const std::vector<std::int64_t> row(ids.begin(), ids.end());
  const model::Tensor unchanged = both.logits(ids);
  const torch::NoGradGuard no_gradients;
  for (int tap = 0; tap <= static_cast<int>(Tap::kLogits); ++tap) {
    const TapPlace place{
        static_cast<Tap>(tap),
        tap >= static_cast<int>(Tap::kInput) && tap <= static_cast<int>(Tap::kOutput) ? 1 : 0};
    const std::string name = what + " " + tap_name(place);
    Replacer replacer(place);
    const auto reader = make_reader(both.engine());
    const model::Tensor found = logits_of(both.engine(), reader->read(ids, &replacer));
    if (place.tap == Tap::kLogits) {  // nothing follows
      EXPECT_LT(relative_error(found, unchanged), kReaderRounding) << name;
      continue;
    }
    ReplacerInModel in_model(tap_name(place));
    const model::Tensor expected = both.model().logits(both.model().hidden(
        {.ids = torch::tensor(row, at::kLong).unsqueeze(0), .positions = {}, .documents = {}},
        {.taps = &in_model, .dropout = {}}))[0];
    EXPECT_EQ(replacer.used, in_model.used) << name;
    EXPECT_TRUE(found.isfinite().all().item<bool>()) << name;
    EXPECT_TRUE(expected.isfinite().all().item<bool>()) << name;
    EXPECT_LT(relative_error(found, expected), kReaderRounding) << name;
    if (!in_model.used) continue;
    EXPECT_GT(relative_error(found, unchanged), 1e-3) << name;
  }
}

TEST(EngineReader, GoesOnWithReplacedValuesForEveryPositionObjectiveAndAttention) {
  for (const spec::Objective objective : spec::all<spec::Objective>()) {
    for (const spec::Position position : spec::all<spec::Position>()) {
      for (const Kind& kind : attention_kinds()) {
        spec::ModelConfig config = config_of(24, 4, 9);
        config.objective = objective;
        config.position = position;
        config.attention = kind.attention;
        config.key_value_heads = kind.key_value_heads;
        expect_replaced_values(
            config, base::concat(objective, " ", position, " ", kind.attention.projection, " ",
                                 kind.attention.weights, " ", kind.key_value_heads));
      }
    }
  }
}

TEST(EngineReader, GoesOnWithReplacedValuesForEveryNormAndActivation) {
  for (const spec::Norm norm : spec::all<spec::Norm>()) {
    for (const spec::Activation activation : spec::all<spec::Activation>()) {
      for (const bool bias : {false, true}) {
        spec::ModelConfig config = config_of(24, 4, 9);
        config.norm = norm;
        config.feed_forward.activation = activation;
        config.bias = bias;
        config.layers = 3;
        expect_replaced_values(config, base::concat(norm, " ", activation, bias ? " bias" : ""));
      }
    }
  }
}

TEST(EngineReader, GoesOnWithReplacedValuesOfARecurrentNet) {
  for (const spec::Architecture kind : {spec::Architecture::kLstm, spec::Architecture::kGru}) {
    for (const spec::Objective objective : spec::all<spec::Objective>()) {
      spec::ModelConfig config = config_of(24, 1, 9);
      config.kind = kind;
      config.objective = objective;
      expect_replaced_values(config, base::concat(kind, " ", objective));
    }
  }
}

TEST(EngineReader, TapsChangeNoNumber) {
  for_each_kind([](const spec::ModelConfig& config, const std::string& what) {
    const Both both(config);
    const Ids ids = some_ids(config.context);
    const auto reader = make_reader(both.engine());
    const Rows plain = reader->read(ids);
    const std::vector<float> expected(plain.values, plain.values + plain.count * plain.stride);
    // The maps alone: the weights are those of a pass without taps.
    class Watcher : public Taps {
     public:
      bool wants(const TapPlace& place) const override { return place.tap == Tap::kWeights; }
      void see(const TapPlace& /*place*/, base::MutableView /*value*/) override {}
    } watcher;
    reader->forget();
    const Rows tapped = reader->read(ids, &watcher);
    EXPECT_EQ(std::vector<float>(tapped.values, tapped.values + tapped.count * tapped.stride),
              expected)
        << what;
  });
}

/// Keeps the input of every layer.
class Inputs : public Taps {
 public:
  bool wants(const TapPlace& place) const override { return place.tap == Tap::kInput; }
  void see(const TapPlace& /*place*/, base::MutableView value) override {
    inputs.emplace_back(value.values().begin(), value.values().end());
  }
  std::vector<std::vector<float>> inputs;
};

TEST(EngineReader, ReadsFromALayerOn) {
  spec::ModelConfig config = config_of(24, 4, 13);
  config.layers = 3;
  for (const spec::Objective objective : spec::all<spec::Objective>()) {
    config.objective = objective;
    const Both both(config);
    const Ids ids = some_ids(config.context);
    Inputs watcher;
    const auto reader = make_reader(both.engine());
    const Rows plain = reader->read(ids, &watcher);
    const std::vector<float> expected(plain.values, plain.values + plain.count * plain.stride);
    for (std::int64_t layer = 0; layer < 3; ++layer) {
      const std::vector<float>& x = watcher.inputs[static_cast<std::size_t>(layer)];
      const Rows from = reader->read_from(layer, {x.data(), 24, 13});
      EXPECT_EQ(std::vector<float>(from.values, from.values + from.count * from.stride), expected)
          << layer;
      EXPECT_EQ(reader->tokens(), 13);
    }
  }
}

TEST(EngineReader, KeepsTheFirstTokensOfAText) {
  for (const std::int64_t tokens : {2, 13, 49, 97}) {  // also one more than go together
    spec::ModelConfig config = config_of(24, 4, tokens);
    config.layers = 3;
    for (const spec::Objective objective : spec::all<spec::Objective>()) {
      config.objective = objective;
      const Both both(config);
      Inputs watcher;
      const auto reader = make_reader(both.engine());
      const Rows plain = reader->read(some_ids(tokens), &watcher);
      const std::vector<float> expected(plain.values, plain.values + tokens * 24);
      for (const std::int64_t kept : {tokens - 2, tokens / 2, std::int64_t{0}, tokens - 2}) {
        if (tokens - kept < 2) continue;
        for (std::int64_t layer = 0; layer < 3; ++layer) {
          const float* x = watcher.inputs[static_cast<std::size_t>(layer)].data();
          const Rows from =
              reader->read_from(layer, {x + kept * 24, 24, tokens - kept}, nullptr, kept);
          ASSERT_EQ(from.count, tokens - kept);
          EXPECT_EQ(std::vector<float>(from.values, from.values + from.count * from.stride),
                    std::vector<float>(expected.begin() + kept * 24, expected.end()))
              << layer << ", " << kept << " of " << tokens << " kept";
          EXPECT_EQ(reader->tokens(), tokens);
        }
      }
    }
  }
}

TEST(EngineModel, RefusesOtherWeights) {
  const spec::ModelConfig config = config_of(8, 2, 4);
  std::vector<base::Array> weights;
  for (const spec::Weight& weight : spec::WeightList(config, kVocabulary).all)
    weights.emplace_back(weight.shape);
  std::vector<base::Array> fewer(weights.begin(), weights.end() - 1);
  EXPECT_THROW(Model(config, kVocabulary, fewer), base::Error);
  weights[0].shape[0] += 1;
  EXPECT_THROW(Model(config, kVocabulary, weights), base::Error);
}

}  // namespace
}  // namespace qkv::engine
