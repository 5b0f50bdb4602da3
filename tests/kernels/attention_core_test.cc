#include "kernels/attention_core.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "base/error.h"
#include "kernels/loops.h"
#include "kernels/plain_attention.h"
#include "rounding.h"

namespace qkv::kernels {
namespace {

template <class T>
const AttentionLoops<T>& attention_of(Instructions instructions) {
  if constexpr (std::is_same_v<T, float>) {
    return loops(instructions).over_floats.attention;
  } else {
    return loops(instructions).over_bfloat16.attention;
  }
}

Bfloat16 rounded(float value, Bfloat16) { return to_bfloat16(value); }
float rounded(float value, float) { return value; }

/// An array of heads with a gap between tokens, whose numbers must not change.
template <class T>
class Rows {
 public:
  Rows(std::int64_t tokens, std::int64_t heads, std::int64_t width)
      : tokens_(tokens),
        row_(heads * width),
        stride_(row_ + kGap),
        numbers_(static_cast<std::size_t>(tokens * stride_), rounded(kUntouched, T{})) {}

  void set(const std::vector<double>& values) {
    for (std::int64_t i = 0; i < tokens_ * row_; ++i)
      numbers_[place(i)] = rounded(static_cast<float>(values[static_cast<std::size_t>(i)]), T{});
  }
  std::vector<double> get() const {
    std::vector<double> values;
    for (std::int64_t i = 0; i < tokens_ * row_; ++i)
      values.push_back(to_float(numbers_[place(i)]));
    return values;
  }
  bool gaps_are_untouched() const {
    for (std::int64_t token = 0; token < tokens_; ++token)
      for (std::int64_t i = row_; i < stride_; ++i)
        if (to_float(numbers_[static_cast<std::size_t>(token * stride_ + i)]) != kUntouched)
          return false;
    return true;
  }
  Strided<T> strided() { return {numbers_.data(), stride_}; }
  Strided<const T> read() const { return {numbers_.data(), stride_}; }

 private:
  static constexpr std::int64_t kGap = 3;
  static constexpr float kUntouched = 77;

  std::size_t place(std::int64_t i) const {
    return static_cast<std::size_t>(i / row_ * stride_ + i % row_);
  }

  std::int64_t tokens_;
  std::int64_t row_;
  std::int64_t stride_;
  std::vector<T> numbers_;
};

/// The kernel's results in the layout of the plain formula.
struct Results {
  std::vector<double> mixed, log_sum, query_gradient, key_gradient, value_gradient;
  bool gaps_are_untouched = true;
};

template <class T>
Results run(Instructions instructions, const PlainAttention& plain,
            const std::vector<double>& mixed_gradient, Scratch& scratch) {
  const AttentionShape& shape = plain.shape;
  const auto rows = [&](std::int64_t heads) {
    return Rows<T>(shape.tokens, heads, shape.head_width);
  };
  Rows<T> query = rows(shape.heads), key = rows(shape.key_value_heads), value = key;
  Rows<T> mixed = query, gradient = query, query_gradient = query;
  Rows<T> key_gradient = key, value_gradient = key;
  query.set(plain.query);
  key.set(plain.key);
  value.set(plain.value);
  gradient.set(mixed_gradient);
  std::vector<float> log_sum(static_cast<std::size_t>(shape.heads * shape.tokens));
  const AttentionLoops<T>& attention = attention_of<T>(instructions);
  attention.forward(
      shape, {query.read(), key.read(), value.read(), mixed.strided(), log_sum.data()}, scratch);
  attention.backward(
      shape,
      {query.read(), key.read(), value.read(), mixed.read(), log_sum.data(), gradient.read(),
       query_gradient.strided(), key_gradient.strided(), value_gradient.strided()},
      scratch);
  Results results{mixed.get(),
                  {log_sum.begin(), log_sum.end()},
                  query_gradient.get(),
                  key_gradient.get(),
                  value_gradient.get()};
  for (const Rows<T>* one : {&mixed, &query_gradient, &key_gradient, &value_gradient})
    results.gaps_are_untouched &= one->gaps_are_untouched();
  return results;
}

/// Normal numbers; with bfloat16, rounded to it, so that both formulas read the same.
template <class T>
std::vector<double> draw(std::mt19937_64& random, std::int64_t size, double deviation = 1) {
  std::normal_distribution<double> normal(0, deviation);
  std::vector<double> values(static_cast<std::size_t>(size));
  for (double& value : values) value = to_float(rounded(static_cast<float>(normal(random)), T{}));
  return values;
}

template <class T>
PlainAttention draw_attention(std::mt19937_64& random, const AttentionShape& shape,
                              double deviation = 1) {
  const std::int64_t of_queries = shape.tokens * shape.heads * shape.head_width;
  const std::int64_t of_keys = shape.tokens * shape.key_value_heads * shape.head_width;
  PlainAttention plain;
  plain.shape = shape;
  plain.query = draw<T>(random, of_queries, deviation);
  plain.key = draw<T>(random, of_keys, deviation);
  plain.value = draw<T>(random, of_keys);
  return plain;
}

/// The same attention in float32, forward and backward.
PlainAttentionIn<float> in_float(const PlainAttention& plain,
                                 const std::vector<double>& mixed_gradient) {
  const auto floats = [](const std::vector<double>& values) {
    return std::vector<float>(values.begin(), values.end());
  };
  PlainAttentionIn<float> result;
  result.shape = plain.shape;
  result.query = floats(plain.query);
  result.key = floats(plain.key);
  result.value = floats(plain.value);
  result.forward();
  result.backward(floats(mixed_gradient));
  return result;
}

double largest(const std::vector<double>& values) {
  double most = 0;
  for (const double value : values) most = std::max(most, std::abs(value));
  return most;
}

/// The most that the terms of a score, without their signs, add up to (Cauchy–Schwarz).
double largest_terms(const PlainAttention& plain) {
  const auto norm = [&](const std::vector<double>& rows) {
    double most = 0;
    for (auto row = rows.begin(); row != rows.end(); row += plain.shape.head_width)
      most = std::max(most, std::inner_product(row, row + plain.shape.head_width, row, 0.0));
    return std::sqrt(most);
  };
  return static_cast<double>(plain.shape.scale) * norm(plain.query) * norm(plain.key);
}

/// The largest difference, relative to the largest number, or to `size` if this is larger.
template <class Real>
double difference(const std::vector<Real>& found, const std::vector<double>& expected,
                  double size = 0) {
  double worst = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double off = std::abs(static_cast<double>(found[i]) - expected[i]);
    worst = std::isnan(off) ? INFINITY : std::max(worst, off);
  }
  const double most = std::max(largest(expected), size);
  return most > 0 ? worst / most : worst;
}

std::string describe(Instructions instructions, const AttentionShape& shape) {
  return std::string(name(instructions)) + (shape.causal ? " causal" : " full") +
         (shape.slopes != nullptr ? " ALiBi" : "") + ", heads " + std::to_string(shape.heads) +
         "/" + std::to_string(shape.key_value_heads) + ", head width " +
         std::to_string(shape.head_width) + ", tokens " + std::to_string(shape.tokens) +
         ", dropout " + std::to_string(shape.dropout.probability);
}

template <class T>
class AttentionCore : public ::testing::Test {};
using Types = ::testing::Types<float, Bfloat16>;
struct TypeNames {
  template <class T>
  static std::string GetName(int) {
    return std::is_same_v<T, float> ? "float" : "bfloat16";
  }
};
TYPED_TEST_SUITE(AttentionCore, Types, TypeNames);

/// In bfloat16, relative to the largest number: weights, score gradients and results are rounded to
/// it once each, and everything else is summed in float32, whose errors are far smaller.
constexpr double kRounded = 3 * tests::kBfloat16;

template <class T>
void expect_plain(const PlainAttention& plain, const std::vector<double>& mixed_gradient) {
  const PlainAttentionIn<float> single = in_float(plain, mixed_gradient);
  // Sums over keys and channels; a weight is also the exponential of a rounded difference of scores
  // of some units.
  const double floor =
      tests::rounding(static_cast<double>(plain.shape.tokens + plain.shape.head_width)) +
      8 * tests::kFloat32;
  Scratch scratch;
  for (const Instructions instructions : usable_instructions()) {
    SCOPED_TRACE(describe(instructions, plain.shape));
    const Results results = run<T>(instructions, plain, mixed_gradient, scratch);
    const auto expect = [&](const char* what, const std::vector<double>& found,
                            const std::vector<float>& in_float, const std::vector<double>& exact,
                            double size, bool rounded, double approximated = 0) {
      const double error = difference(found, exact, size);
      if (rounded) {
        EXPECT_LT(error, kRounded) << what;
      } else {
        tests::expect_rounding_alone(error, difference(in_float, exact, size), floor + approximated,
                                     what);
      }
    };
    constexpr bool kIsRounded = std::is_same_v<T, Bfloat16>;
    expect("mixed", results.mixed, single.mixed, plain.mixed, 0, kIsRounded);
    // It is as far off as the scores, sums whose terms may cancel. The kernels' powers and
    // logarithms are approximations (kernels/exponential.h), those of the plain path are exact for
    // a single key.
    expect("log sum", results.log_sum, single.log_sum, plain.log_sum,
           std::max(1.0, largest_terms(plain)), false, 1.1e-7 + 2.5e-7);
    expect("value gradient", results.value_gradient, single.value_gradient, plain.value_gradient, 0,
           kIsRounded);
    // If the gradients of the scores nearly cancel, as with one or two keys, only their rounding
    // remains.
    const double size = static_cast<double>(plain.shape.scale) * plain.cancelled;
    expect("query gradient", results.query_gradient, single.query_gradient, plain.query_gradient,
           size * largest(plain.key), kIsRounded);
    expect("key gradient", results.key_gradient, single.key_gradient, plain.key_gradient,
           size * largest(plain.query), kIsRounded);
    EXPECT_TRUE(results.gaps_are_untouched);
  }
}

TYPED_TEST(AttentionCore, EqualsThePlainFormula) {
  std::mt19937_64 random(5);
  const std::vector<float> slopes = {0.5f, 0.25f, 0.0625f};
  struct Heads {
    std::int64_t heads, key_value_heads;
  };
  int turn = 0;
  for (const std::int64_t head_width : {1, 8, 20, 32, 48, 64, 128, 200})
    for (const std::int64_t tokens : {1, 2, 16, 17, 33, 64, 65, 200})
      for (const bool causal : {true, false}) {
        for (const bool alibi : {false, true}) {
          // Three kinds of heads, and dropout in two of five, are combined differently with the
          // four others.
          const Heads heads = std::vector<Heads>{{1, 1}, {2, 1}, {3, 2}}[turn % 3];
          AttentionShape shape;
          shape.tokens = tokens;
          shape.heads = heads.heads;
          shape.key_value_heads = heads.key_value_heads;
          shape.head_width = head_width;
          shape.scale = 1 / std::sqrt(static_cast<float>(head_width));
          shape.causal = causal;
          shape.slopes = alibi ? slopes.data() : nullptr;
          if (turn % 5 % 2 == 1) shape.dropout = {static_cast<std::uint64_t>(turn) << 40, 0.3};
          PlainAttention plain = draw_attention<TypeParam>(random, shape);
          plain.forward();
          const auto gradient =
              draw<TypeParam>(random, static_cast<std::int64_t>(plain.mixed.size()));
          plain.backward(gradient);
          expect_plain<TypeParam>(plain, gradient);
          ++turn;
        }
      }
}

TYPED_TEST(AttentionCore, HoldsAtLongContexts) {
  std::mt19937_64 random(6);
  const float slope = 0.7f;
  for (const bool causal : {true, false})
    for (const float* slopes : {static_cast<const float*>(nullptr), &slope}) {
      AttentionShape shape;
      shape.tokens = 1100;
      shape.heads = shape.key_value_heads = 1;
      shape.head_width = 16;
      shape.scale = 0.5;
      shape.causal = causal;
      shape.slopes = slopes;
      PlainAttention plain = draw_attention<TypeParam>(random, shape);
      plain.forward();
      const auto gradient = draw<TypeParam>(random, static_cast<std::int64_t>(plain.mixed.size()));
      plain.backward(gradient);
      expect_plain<TypeParam>(plain, gradient);
    }
}

TYPED_TEST(AttentionCore, HoldsWithExtremeScores) {
  std::mt19937_64 random(7);
  for (const bool causal : {true, false})
    for (const std::int64_t tokens : {20, 150}) {
      AttentionShape shape;
      shape.tokens = tokens;
      shape.heads = shape.key_value_heads = 3;
      shape.head_width = 32;
      shape.scale = 1;
      shape.causal = causal;
      PlainAttention plain = draw_attention<TypeParam>(random, shape, 50);  // scores of ±4e4
      for (std::int64_t token = 0; token < tokens; ++token)
        for (std::int64_t c = 0; c < 32; ++c) {
          // Rows that grow along the keys, rows that fall, rows of equal scores.
          plain.key[plain.at(token, 0, 3) + c] = static_cast<double>(token % 128);
          plain.query[plain.at(token, 0, 3) + c] = std::vector<double>{2, -2, 0}[token % 3];
          // Rows of scores so low that 0, as for a missing key, would be infinitely more.
          plain.key[plain.at(token, 1, 3) + c] = -16;
          plain.query[plain.at(token, 1, 3) + c] = 16;
        }
      plain.forward();
      const auto gradient = draw<TypeParam>(random, static_cast<std::int64_t>(plain.mixed.size()));
      const PlainAttentionIn<float> single = in_float(plain, gradient);
      // A rounding of the largest score changes a weight by this much.
      const double of_scores = tests::kFloat32 * largest(plain.log_sum);
      Scratch scratch;
      for (const Instructions instructions : usable_instructions()) {
        SCOPED_TRACE(describe(instructions, plain.shape));
        const Results results = run<TypeParam>(instructions, plain, gradient, scratch);
        tests::expect_rounding_alone(difference(results.log_sum, plain.log_sum, 1),
                                     difference(single.log_sum, plain.log_sum, 1), tests::kFloat32,
                                     "log sum");
        const double rounded = std::is_same_v<TypeParam, Bfloat16> ? kRounded : 0;
        tests::expect_rounding_alone(difference(results.mixed, plain.mixed) - rounded,
                                     difference(single.mixed, plain.mixed), of_scores, "mixed");
        for (const auto* values :
             {&results.query_gradient, &results.key_gradient, &results.value_gradient})
          for (const double value : *values) EXPECT_TRUE(std::isfinite(value));
      }
    }
}

TYPED_TEST(AttentionCore, GivesTheSameBitsAgain) {
  std::mt19937_64 random(8);
  AttentionShape shape;
  shape.tokens = 75;
  shape.heads = 2;
  shape.key_value_heads = 1;
  shape.head_width = 24;
  shape.dropout = {3, 0.1};
  const PlainAttention plain = draw_attention<TypeParam>(random, shape);
  const auto gradient = draw<TypeParam>(random, static_cast<std::int64_t>(plain.query.size()));
  for (const Instructions instructions : usable_instructions()) {
    Scratch one;
    Scratch other;
    const Results first = run<TypeParam>(instructions, plain, gradient, one);
    AttentionShape wider = shape;  // leaves other numbers in the scratch memory
    wider.tokens = 90;
    run<TypeParam>(instructions, draw_attention<TypeParam>(random, wider),
                   draw<TypeParam>(random, 90 * 48), other);
    const Results second = run<TypeParam>(instructions, plain, gradient, other);
    EXPECT_EQ(first.mixed, second.mixed);
    EXPECT_EQ(first.query_gradient, second.query_gradient);
    EXPECT_EQ(first.key_gradient, second.key_gradient);
    EXPECT_EQ(first.value_gradient, second.value_gradient);
  }
}

/// The reference itself: its gradients are compared with differences of the loss Σ mixed ·
/// gradient.
TEST(PlainAttention, HasTheGradientsOfItsValues) {
  std::mt19937_64 random(9);
  const std::vector<float> slopes = {0.5f, 0.1f, 0.0f};
  for (const bool causal : {true, false})
    for (const double probability : {0.0, 0.4}) {
      AttentionShape shape;
      shape.tokens = 7;
      shape.heads = 3;
      shape.key_value_heads = 2;
      shape.head_width = 5;
      shape.scale = 0.7f;
      shape.causal = causal;
      shape.slopes = slopes.data();
      shape.dropout = {11, probability};
      PlainAttention plain = draw_attention<float>(random, shape);
      plain.forward();
      const auto gradient = draw<float>(random, static_cast<std::int64_t>(plain.mixed.size()));
      plain.backward(gradient);
      const auto loss = [&] {
        plain.forward();
        double sum = 0;
        for (std::size_t i = 0; i < gradient.size(); ++i) sum += plain.mixed[i] * gradient[i];
        return sum;
      };
      const auto check = [&](std::vector<double>& values, const std::vector<double>& gradients) {
        constexpr double kStep = 1e-5;
        for (std::size_t i = 0; i < values.size(); ++i) {
          const double kept = values[i];
          values[i] = kept + kStep;
          const double above = loss();
          values[i] = kept - kStep;
          const double below = loss();
          values[i] = kept;
          // All in double: the difference's own error is kStep² times a third derivative of some
          // units, 1e-10, and its rounding 1e-15 of a loss of some units over kStep, 1e-10.
          EXPECT_NEAR((above - below) / (2 * kStep), gradients[i], 1e-8);
        }
      };
      check(plain.query, plain.query_gradient);
      check(plain.key, plain.key_gradient);
      check(plain.value, plain.value_gradient);
    }
}

TEST(AttentionDropout, LosesAsManyWeightsAsTold) {
  constexpr std::int64_t kTokens = 512;
  for (const double probability : {0.1, 0.2, 0.5, 0.9}) {
    PlainAttention plain;
    plain.shape.dropout = {1234567, probability};
    double lost = 0;
    double same_as_next_head = 0;
    double same_as_next_query = 0;
    double same_as_partner = 0;
    for (std::int64_t q = 0; q < kTokens; ++q)
      for (std::int64_t k = 0; k < kTokens; ++k) {
        const bool one = plain.dropout(0, q, k) == 0;
        lost += one ? 1 : 0;
        same_as_next_head += one && plain.dropout(1, q, k) == 0 ? 1 : 0;
        same_as_next_query += one && plain.dropout(0, q + 1, k) == 0 ? 1 : 0;
        same_as_partner += one && plain.dropout(0, q, k ^ 16) == 0 ? 1 : 0;
      }
    constexpr double kCount = kTokens * kTokens;
    const auto expect_rate = [&](double count, double rate) {
      const double deviation = std::sqrt(rate * (1 - rate) / kCount);
      // Drawn by a fixed hash: the same counts on every processor.
      EXPECT_NEAR(count / kCount, rate, 5 * deviation) << probability;
    };
    expect_rate(lost, probability);
    expect_rate(same_as_next_head, probability * probability);
    expect_rate(same_as_next_query, probability * probability);
    expect_rate(same_as_partner, probability * probability);
  }
}

TEST(AttentionShape, MustBeOne) {
  AttentionShape shape;
  shape.tokens = 2;
  shape.heads = 2;
  shape.key_value_heads = 3;
  shape.head_width = 4;
  Scratch scratch;
  const auto expect_error = [&](const std::string& message) {
    try {
      attention_forward<float>(shape, {}, scratch);
      FAIL();
    } catch (const base::Error& error) {
      EXPECT_EQ(error.what(), message);
    }
  };
  expect_error("attention: expected 1 to heads key/value heads, found 3");
  shape.key_value_heads = 2;
  shape.head_width = 257;
  expect_error("attention: expected a head width of 1 to 256, found 257");
}

}  // namespace
}  // namespace qkv::kernels
