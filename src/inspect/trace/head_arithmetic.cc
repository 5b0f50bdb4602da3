#include "inspect/trace/head_arithmetic.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace qkv::inspect {

double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

double length(const Vector& a) { return std::sqrt(dot(a, a)); }

bool is_open(const HeadInput& input, std::size_t key) {
  return !input.causal || key <= input.asking;
}

HeadSteps compute_head(const HeadInput& input) {
  const std::size_t tokens = input.values.size();
  HeadSteps steps;
  steps.largest = -std::numeric_limits<double>::infinity();
  for (std::size_t key = 0; key < tokens; ++key) {
    const double distance = std::abs(static_cast<double>(input.asking) - static_cast<double>(key));
    const double score = input.keys.empty() ? 0.0 : dot(input.query, input.keys[key]);
    steps.scores.push_back(score);
    steps.scaled.push_back(score / input.divisor);
    steps.biased.push_back(score / input.divisor - input.slope * distance);
    if (is_open(input, key)) steps.largest = std::max(steps.largest, steps.biased[key]);
  }
  for (std::size_t key = 0; key < tokens; ++key) {
    steps.exponentials.push_back(is_open(input, key) ? std::exp(steps.biased[key] - steps.largest)
                                                     : 0.0);
    steps.total += steps.exponentials[key];
  }
  steps.mixed.assign(input.values[0].size(), 0.0);
  for (std::size_t key = 0; key < tokens; ++key) {
    steps.weights.push_back(steps.exponentials[key] / steps.total);
    for (std::size_t i = 0; i < steps.mixed.size(); ++i) {
      steps.mixed[i] += steps.weights[key] * input.values[key][i];
    }
  }
  return steps;
}

}  // namespace qkv::inspect
