#include "engine/reader.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <new>

#include "base/error.h"
#include "base/format.h"
#include "engine/support.h"
#include "process_memory.h"
#include "rounding.h"

namespace qkv::engine {
namespace {

using Ids = std::vector<std::int32_t>;

constexpr std::int64_t kReadPieces = 37;

Ids ids_of(std::int64_t count) {
  Ids ids;
  for (std::int64_t at = 0; at < count; ++at)
    ids.push_back(static_cast<std::int32_t>((at * at + 5 * at + 3) % kReadPieces));
  return ids;
}

std::vector<float> floats_of(Rows rows) {
  return {rows.values, rows.values + rows.count * rows.stride};
}

/// A model with 5 panels of outputs or more on every processor, and a rest.
spec::ModelConfig config_with(std::int64_t context) {
  spec::ModelConfig config = tests::tiny_model_config();
  config.width = 84;
  config.feed_forward.width = 150;
  config.key_value_heads = 2;
  config.context = context;
  return config;
}

/// A Transformer of each position and weighting, an LSTM and a GRU.
std::vector<spec::ModelConfig> configs_with(std::int64_t context) {
  std::vector<spec::ModelConfig> configs;
  for (const spec::Architecture kind : spec::all<spec::Architecture>()) {
    for (const spec::Position position : spec::all<spec::Position>()) {
      for (const spec::Weighting weighting : spec::all<spec::Weighting>()) {
        spec::ModelConfig config = config_with(context);
        config.kind = kind;
        config.position = position;
        config.attention.weights = weighting;
        const bool other_net = position != spec::Position::kNone ||
                               weighting != spec::Weighting::kSoftmax;  // it has neither
        // An odd width of heads: rotations need pairs.
        if (position == spec::Position::kRotary) config.width = 88;
        if (!config.recurrent() || !other_net) configs.push_back(config);
      }
    }
  }
  return configs;
}

std::string name_of(const spec::ModelConfig& config) {
  return base::concat(config.kind, " ", config.position, " ", config.attention.weights);
}

/// The size of the next part. The last one has no single token unless all have.
std::size_t part_of(std::span<const std::int32_t> rest, std::size_t part) {
  return part > 1 && rest.size() == part + 1 ? rest.size() : std::min(part, rest.size());
}

/// Reads the text in parts: the vectors of all tokens, then the logits after the last.
std::vector<float> read_in_parts(const Model& model, const Ids& ids, std::size_t part) {
  const auto reader = make_reader(model);
  std::vector<float> all;
  std::span<const std::int32_t> rest = ids;
  while (!rest.empty()) {
    const std::size_t many = part_of(rest, part);
    const std::vector<float> read = floats_of(reader->read(rest.first(many)));
    all.insert(all.end(), read.begin(), read.end());
    rest = rest.subspan(many);
  }
  reader->forget();
  std::span<const float> logits;
  for (rest = ids; !rest.empty(); rest = rest.subspan(part_of(rest, part)))
    logits = reader->next(rest.first(part_of(rest, part)));
  all.insert(all.end(), logits.begin(), logits.end());
  return all;
}

// 193 is a token more than go through the layers together, and than four times the queries that
// do; in parts of 64, too, one token is left, which joins the part before it here.
TEST(Reader, ReadsTheSameBitsHoweverATextIsCutIntoPartsOfTwoOrMore) {
  const Ids ids = ids_of(193);
  for (const kernels::Instructions set : kernels::usable_instructions()) {
    for (const spec::ModelConfig& config : configs_with(193)) {
      const Model model(config, kReadPieces, tests::random_weights(config, kReadPieces, 3),
                        kernels::loops(set));
      const std::vector<float> whole = read_in_parts(model, ids, ids.size());
      for (const std::size_t part : {2, 64, 191}) {
        EXPECT_EQ(read_in_parts(model, ids, part), whole)
            << kernels::name(set) << " " << name_of(config) << " in parts of " << part;
      }
    }
  }
}

// Each way is at most 84 roundings of the largest number away from the definition (tests/parity).
// In the state of a recurrent net, a difference may grow from token to token.
TEST(Reader, ReadsTokenByTokenWhatItReadsAtOnceExceptForRounding) {
  const Ids ids = ids_of(193);
  for (const kernels::Instructions set : kernels::usable_instructions()) {
    for (const spec::ModelConfig& config : configs_with(193)) {
      if (config.recurrent()) continue;
      const Model model(config, kReadPieces, tests::random_weights(config, kReadPieces, 3),
                        kernels::loops(set));
      const std::vector<float> whole = read_in_parts(model, ids, ids.size());
      const std::vector<float> alone = read_in_parts(model, ids, 1);
      double largest = 0;
      double difference = 0;
      for (std::size_t at = 0; at < whole.size(); ++at) {
        largest = std::max(largest, std::abs(static_cast<double>(whole[at])));
        difference = std::max(difference, std::abs(static_cast<double>(whole[at] - alone[at])));
      }
      EXPECT_LT(difference, 2 * 84 * tests::kFloat32 * largest)
          << kernels::name(set) << " " << name_of(config);
    }
  }
}

/// Keeps the input of a layer.
class InputOf : public Taps {
 public:
  explicit InputOf(std::int64_t layer) : place_{Tap::kInput, layer} {}
  bool wants(const TapPlace& place) const override { return place == place_; }
  void see(const TapPlace& /*place*/, base::MutableView value) override {
    x = {value.values().begin(), value.values().end()};
  }
  std::vector<float> x;

 private:
  TapPlace place_;
};

TEST(Reader, ReadsTheSameBitsFromALayerOnWithAnyNumberOfTokensKept) {
  const Ids ids = ids_of(50);
  for (const spec::Objective objective : spec::all<spec::Objective>()) {
    spec::ModelConfig config = config_with(50);
    config.objective = objective;
    const auto model = tests::random_model(config, kReadPieces, 3);
    const auto reader = make_reader(*model);
    InputOf input(1);
    const std::vector<float> whole = floats_of(reader->read(ids, &input));
    for (const std::int64_t kept : {48, 2, 1, 0}) {
      const Rows from =
          reader->read_from(1, {input.x.data() + kept * 84, 84, 50 - kept}, nullptr, kept);
      EXPECT_EQ(floats_of(from), std::vector<float>(whole.begin() + kept * 84, whole.end()))
          << objective << ", " << kept << " kept";
      EXPECT_EQ(reader->tokens(), 50);
    }
  }
}

TEST(Reader, RefusesToReadFromALayerOnUnlessItHasThem) {
  for (const spec::Architecture kind : {spec::Architecture::kLstm, spec::Architecture::kGru}) {
    spec::ModelConfig config = tests::tiny_model_config();
    config.kind = kind;
    const auto model = tests::random_model(config, kReadPieces, 3);
    const auto reader = make_reader(*model);
    reader->read(ids_of(3));
    const std::vector<float> x(16);
    try {
      reader->read_from(1, {x.data(), 8, 2});
      ADD_FAILURE() << kind;
    } catch (const base::Error& error) {
      EXPECT_EQ(error.what(),
                base::concat("reading from the input of a layer on: found a model of the kind ",
                             kind, ", expected a transformer"));
    }
    EXPECT_EQ(reader->tokens(), 3);
    EXPECT_EQ(floats_of(reader->read(ids_of(2))), [&] {
      const auto other = make_reader(*model);
      other->read(ids_of(3));
      return floats_of(other->read(ids_of(2)));
    }());
  }
}

TEST(Reader, ReadsOnAfterMemoryWasShort) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer ends the program where memory is short";
#endif
  constexpr std::int64_t kMany = 100'000;
  spec::ModelConfig config = tests::tiny_model_config();
  config.width = 128;
  config.context = kMany;
  config.layers = 1;
  config.objective = spec::Objective::kMasked;
  config.attention.weights = spec::Weighting::kNone;
  const auto model = tests::random_model(config, kReadPieces, 3);
  const auto reader = make_reader(*model);
  const std::vector<float> expected = floats_of(reader->read(ids_of(5)));
  reader->forget();

  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_AS, &before), 0);
  // Enough for the vectors of some activations, but not for all: 100,000 tokens need 51 MB each.
  rlimit narrow = before;
  narrow.rlim_cur = static_cast<rlim_t>(tests::mapped_bytes()) + 120'000'000;
  ASSERT_EQ(setrlimit(RLIMIT_AS, &narrow), 0);
  EXPECT_THROW(reader->read(ids_of(kMany)), std::bad_alloc);
  ASSERT_EQ(setrlimit(RLIMIT_AS, &before), 0);
  EXPECT_EQ(reader->tokens(), 0);
  EXPECT_EQ(floats_of(reader->read(ids_of(5))), expected);
}

}  // namespace
}  // namespace qkv::engine
