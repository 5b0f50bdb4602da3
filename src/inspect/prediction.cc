#include "inspect/prediction.h"

#include <algorithm>
#include <cmath>

namespace qkv::inspect {

std::vector<double> softmax(std::span<const float> logits) {
  std::vector<double> probabilities(logits.begin(), logits.end());
  const double largest = *std::max_element(probabilities.begin(), probabilities.end());
  double total = 0;
  for (double& probability : probabilities) {
    probability = std::exp(probability - largest);
    total += probability;
  }
  for (double& probability : probabilities) probability /= total;
  return probabilities;
}

std::vector<double> log_softmax(std::span<const float> logits) {
  std::vector<double> logs(logits.begin(), logits.end());
  const double largest = *std::max_element(logs.begin(), logs.end());
  double total = 0;
  for (const double logit : logs) total += std::exp(logit - largest);
  const double log_total = largest + std::log(total);
  for (double& log : logs) log -= log_total;
  return logs;
}

}  // namespace qkv::inspect
