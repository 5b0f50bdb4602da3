#pragma once

#include <cstddef>
#include <vector>

namespace qkv::inspect {

using Vector = std::vector<double>;

/// The inputs of one head for one query token.
struct HeadInput {
  Vector query;              ///< empty if weights are uniform
  std::vector<Vector> keys;  ///< one per token; empty if weights are uniform
  std::vector<Vector> values;
  std::size_t asking = 0;  ///< the index of the query token
  bool causal = true;      ///< keys after it are closed
  double divisor = 1;      ///< √head_width, or 1 if scores are not scaled
  double slope = 0;        ///< ALiBi's: the bias is −slope · |query − key|
};

/// The steps of scaled dot-product attention (Vaswani et al. 2017, equation 1), one number per key.
/// Closed keys have scores, but their exponentials and weights are 0.
struct HeadSteps {
  Vector scores;        ///< q·k
  Vector scaled;        ///< q·k / divisor
  Vector biased;        ///< scaled − slope · |query − key|
  Vector exponentials;  ///< exp(biased − largest open one)
  Vector weights;       ///< exponentials / total
  double largest = 0;
  double total = 0;
  Vector mixed;  ///< Σ weight · value
};

bool is_open(const HeadInput& input, std::size_t key);

/// The steps in double and in plain loops, independent of the model's own computation.
HeadSteps compute_head(const HeadInput& input);

double dot(const Vector& a, const Vector& b);
double length(const Vector& a);

}  // namespace qkv::inspect
