// The loops of each instruction set against the formulas in double.
#include "kernels/loops.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "rounding.h"

namespace qkv::kernels {
namespace {

using Floats = std::vector<float>;

Floats random_floats(std::int64_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  Floats values(static_cast<std::size_t>(count));
  for (float& value : values) value = normal(generator);
  return values;
}

float& at(Floats& values, std::int64_t place) { return values[static_cast<std::size_t>(place)]; }
float at(const Floats& values, std::int64_t place) {
  return values[static_cast<std::size_t>(place)];
}

class LoopsOf : public ::testing::TestWithParam<Instructions> {
 protected:
  void SetUp() override {
    if (GetParam() > instructions()) GTEST_SKIP() << "not on this processor";
  }
  const Loops& loops() const { return kernels::loops(GetParam()); }
};

TEST_P(LoopsOf, MultipliesMatricesOfAllSizes) {
  for (const std::int64_t outputs : {1, 15, 16, 33, 100}) {
    for (const std::int64_t inputs : {1, 7, 8, 50}) {
      const Floats weight = random_floats(outputs * inputs, 1);
      const Floats bias = random_floats(outputs, 2);
      for (const bool has_bias : {false, true}) {
        Arena memory;
        const LinearWeights layer = {weight.data(), outputs, has_bias ? bias.data() : nullptr};
        const Panels matrix = pack({layer}, inputs, loops().panels.lanes, memory);
        for (const std::int64_t count : {1, 2, 3, 4, 5, 6, 7, 12, 13}) {
          const Floats x = random_floats(count * (inputs + 2), 3);
          const Floats before = random_floats(count * (outputs + 3), 4);
          for (const bool add : {false, true}) {
            Floats y = before;
            loops().panels.multiply(matrix, 0, panels_of(outputs, loops().panels.lanes),
                                    {x.data(), inputs + 2, count}, {y.data(), outputs + 3, count},
                                    add);
            for (std::int64_t row = 0; row < count; ++row) {
              for (std::int64_t output = 0; output < outputs + 3; ++output) {
                const std::int64_t place = row * (outputs + 3) + output;
                std::vector<double> terms = {add || output >= outputs ? at(before, place) : 0.0};
                if (output < outputs && has_bias) terms.push_back(at(bias, output));
                for (std::int64_t input = 0; input < inputs && output < outputs; ++input) {
                  terms.push_back(static_cast<double>(at(x, row * (inputs + 2) + input)) *
                                  static_cast<double>(at(weight, output * inputs + input)));
                }
                double expected = 0;
                double size = 0;
                for (const double term : terms) {
                  expected += term;
                  size += std::abs(term);
                }
                // The possible error of a sum of this many numbers in any order (Higham 2002, 4.2).
                const double most = tests::kFloat32 * static_cast<double>(terms.size()) * size;
                ASSERT_NEAR(at(y, place), expected, most)
                    << outputs << " outputs, " << inputs << " inputs, row " << row << " of "
                    << count << ", output " << output;
              }
            }
          }
        }
      }
    }
  }
}

TEST_P(LoopsOf, MultipliesOnlyThePanelsThatItIsGiven) {
  const std::int64_t lanes = loops().panels.lanes;
  const std::int64_t outputs = 5 * lanes;
  const Floats weight = random_floats(outputs * 3, 1);
  Arena memory;
  const Panels matrix = pack({{weight.data(), outputs, nullptr}}, 3, lanes, memory);
  const Floats x = random_floats(6, 2);
  for (const std::int64_t count : {1, 2}) {
    Floats all(static_cast<std::size_t>(count * outputs));
    loops().panels.multiply(matrix, 0, 5, {x.data(), 3, count}, {all.data(), outputs, count},
                            false);
    Floats some(all.size(), 9);
    loops().panels.multiply(matrix, 1, 4, {x.data(), 3, count}, {some.data(), outputs, count},
                            false);
    for (std::int64_t place = 0; place < count * outputs; ++place) {
      const std::int64_t panel = place % outputs / lanes;
      EXPECT_EQ(at(some, place), panel >= 1 && panel < 4 ? at(all, place) : 9) << place;
    }
  }
}

TEST_P(LoopsOf, Normalises) {
  for (const std::int64_t width : {1, 3, 16, 37, 128}) {
    for (const bool rms : {false, true}) {
      for (const bool has_bias : {false, true}) {
        Floats x = random_floats(width, 1);
        for (float& value : x) value = 3 * value + 5;
        const Floats weight = random_floats(width, 2);
        const Floats bias = random_floats(width, 3);
        Floats y(x.size());
        const NormShape shape{.rows = 1,
                              .width = width,
                              .kind = rms ? spec::Norm::kRms : spec::Norm::kLayer,
                              .epsilon = 0.01F,
                              .weight = weight.data(),
                              .bias = has_bias ? bias.data() : nullptr};
        loops().over_floats.norm.forward(shape, x.data(), nullptr, {}, nullptr, nullptr, y.data());
        const double mean =
            rms ? 0 : std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(width);
        double square = 0;
        for (const float value : x) square += (value - mean) * (value - mean);
        const double scale = std::sqrt(square / static_cast<double>(width) + 0.01);
        for (std::int64_t place = 0; place < width; ++place) {
          const double expected = (at(x, place) - mean) / scale * at(weight, place) +
                                  (has_bias ? at(bias, place) : 0.0F);
          // The mean of numbers near 5 is subtracted from them, so its rounding remains; then come
          // six more operations.
          const double size =
              (std::abs(at(x, place)) + std::abs(mean)) / scale * std::abs(at(weight, place)) +
              (has_bias ? std::abs(at(bias, place)) : 0.0F);
          EXPECT_NEAR(at(y, place), expected,
                      (tests::rounding(static_cast<double>(width)) + 6 * tests::kFloat32) * size)
              << width << " rms " << rms;
        }
      }
    }
  }
}

TEST_P(LoopsOf, SoftmaxGivesWeightsToOpenKeysAndNoOthers) {
  const std::int64_t keys = 48;
  for (const std::int64_t open : {1, 5, 16, 17, 48}) {
    const std::int64_t query = std::min<std::int64_t>(open - 1, 20);  // some keys may come later
    Floats scores = random_floats(keys, 5);
    for (float& score : scores) score *= 20;
    for (std::int64_t key = open; key < keys; ++key)
      at(scores, key) = key % 2 == 0 ? 1e30F : std::numeric_limits<float>::quiet_NaN();
    std::vector<double> expected;
    for (std::int64_t key = 0; key < open; ++key)
      expected.push_back(0.25 * at(scores, key) - 0.5 * static_cast<double>(std::abs(query - key)));
    const double largest = *std::max_element(expected.begin(), expected.end());
    double total = 0;
    for (double& value : expected) total += value = std::exp(value - largest);
    loops().softmax.softmax(query, open, keys, 0.25F, 0.5F, scores.data());
    for (std::int64_t key = 0; key < keys; ++key) {
      // The exponent, at most 50, is rounded twice, and then the exponential, sum and quotient.
      const double exact = key < open ? expected[static_cast<std::size_t>(key)] / total : 0;
      EXPECT_NEAR(at(scores, key), exact, (2 * 50 + 10) * tests::kFloat32 * exact + 1e-30)
          << "key " << key << " of " << open;
    }
  }
}

/// Many numbers from −30 to 30, some tiny, in a count that fills no register.
Floats many_numbers() {
  Floats numbers = {0.0F, -0.0F, 1e-30F, -1e-6F, 1e-3F, 100.0F, -100.0F, 1e4F, -1e4F};
  for (int step = -6000; step <= 6000; ++step) numbers.push_back(static_cast<float>(step) / 200);
  return numbers;
}

TEST_P(LoopsOf, Activates) {
  const auto expect = [&](spec::Activation activation, auto formula) {
    const Floats x = many_numbers();
    Floats y = x;
    loops().over_floats.activation.apply(activation, static_cast<std::int64_t>(y.size()), y.data());
    for (std::size_t place = 0; place < x.size(); ++place) {
      const double expected = formula(static_cast<double>(x[place]));
      // Ten roundings of the value, and half of one of the 1 that it is added to: the formulas have
      // no more operations in any order.
      EXPECT_NEAR(y[place], expected, 6e-7 * std::abs(expected) + 3e-8) << x[place];
    }
  };
  expect(spec::Activation::kGelu, [](double x) { return x / 2 * std::erfc(-x / std::sqrt(2.0)); });
  expect(spec::Activation::kRelu, [](double x) { return std::max(x, 0.0); });
  expect(spec::Activation::kRelu2, [](double x) { return std::max(x, 0.0) * std::max(x, 0.0); });
  expect(spec::Activation::kSilu, [](double x) { return x / (1 + std::exp(-x)); });
}

TEST_P(LoopsOf, Gates) {
  const Floats gate = many_numbers();
  const Floats x = random_floats(static_cast<std::int64_t>(gate.size()), 8);
  Floats y = x;
  loops().over_floats.activation.gate(static_cast<std::int64_t>(y.size()), gate.data(), y.data());
  for (std::size_t place = 0; place < gate.size(); ++place) {
    const double expected = static_cast<double>(x[place]) * gate[place] /
                            (1 + std::exp(-static_cast<double>(gate[place])));
    // As for the activations.
    EXPECT_NEAR(y[place], expected, 6e-7 * std::abs(expected) + 3e-8) << gate[place];
  }
}

TEST_P(LoopsOf, FindsTheHighest) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const std::int64_t count : {1, 16, 37, 325}) {
    Floats values = random_floats(count, 9);
    EXPECT_EQ(loops().softmax.highest(count, values.data()),
              *std::max_element(values.begin(), values.end()));
    for (const std::int64_t place : {std::int64_t{0}, count - 1}) {
      Floats other = values;
      at(other, place) = 50;
      EXPECT_EQ(loops().softmax.highest(count, other.data()), 50);
      at(other, place) = infinity;
      EXPECT_EQ(loops().softmax.highest(count, other.data()), infinity);
      at(other, place) = nan;
      EXPECT_TRUE(std::isnan(loops().softmax.highest(count, other.data()))) << place;
    }
    const Floats lowest(values.size(), -infinity);
    EXPECT_EQ(loops().softmax.highest(count, lowest.data()), -infinity);
  }
}

TEST_P(LoopsOf, TakesExponentials) {
  const Floats values = many_numbers();
  Floats powers(values.size());
  const double total = loops().softmax.exponentials(static_cast<std::int64_t>(values.size()),
                                                    values.data(), 1e4F, 2.0F, powers.data());
  EXPECT_EQ(total, 1) << "all others are too far below";
  EXPECT_EQ(*std::max_element(powers.begin(), powers.end()), 1);

  const Floats near(values.begin() + 9, values.end());
  const double sum = loops().softmax.exponentials(static_cast<std::int64_t>(near.size()),
                                                  near.data(), 30.0F, 0.75F, powers.data());
  double expected_sum = 0;
  for (std::size_t place = 0; place < near.size(); ++place) {
    const double expected = std::exp((static_cast<double>(near[place]) - 30) / 0.75);
    expected_sum += expected;
    // The argument's own rounding is up to 2^-24 · 80, 5e-6, where it is near −80.
    EXPECT_NEAR(powers[place], expected, 1e-5 * expected) << near[place];
  }
  // The largest powers, of arguments near 0, are nearly all of it; their errors are a few
  // roundings.
  EXPECT_NEAR(sum, expected_sum, 1e-6 * expected_sum);
  EXPECT_EQ(powers[near.size() - 1], 1) << "e⁰ is exact";
}

INSTANTIATE_TEST_SUITE_P(Processors, LoopsOf,
                         ::testing::Values(Instructions::kBaseline, Instructions::kAvx2,
                                           Instructions::kAvx512, Instructions::kAvx512Bf16),
                         [](const auto& tested) { return kernels::name(tested.param); });

TEST(Loops, AreThoseOfTheBestUsableInstructions) {
  const auto usable = usable_instructions();
  EXPECT_EQ(usable.front(), Instructions::kBaseline);
  EXPECT_EQ(usable.back(), instructions());
  EXPECT_EQ(&kernels::loops(), &kernels::loops(usable.back()));
  for (const Instructions set : usable) EXPECT_EQ(kernels::loops(set).instructions, set);
}

}  // namespace
}  // namespace qkv::kernels
