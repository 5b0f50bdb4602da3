#pragma once

#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "support.h"

namespace qkv::tests {

/// The whole model again, for one row of tokens, in loops over numbers: slow, and written only from
/// the formulas.
class Reference {
 public:
  Reference(const spec::ModelConfig& config, const model::Parameters& parameters)
      : config_(config) {
    for (const auto& [name, weight] : parameters.list()) {
      weights_[name] = to_matrix(weight.dim() == 1 ? weight.unsqueeze(0) : weight);
    }
  }

  Matrix logits(const std::vector<std::int64_t>& ids, const std::vector<std::int64_t>& positions,
                const std::vector<std::int64_t>& documents) const {
    Matrix x;
    for (std::size_t t = 0; t < ids.size(); ++t) {
      x.push_back(weights_.at("model.embed_tokens.weight")[static_cast<std::size_t>(ids[t])]);
      for (std::size_t c = 0; c < x[t].size(); ++c) x[t][c] += added(positions[t], c);
    }
    Matrix first_values;
    for (std::int64_t layer = 0; layer < config_.layers; ++layer) {
      const std::string name = "model.layers." + std::to_string(layer) + ".";
      if (config_.attention.weights != spec::Weighting::kNone) {
        x = sum(x, attention(norm(x, name + "input_layernorm"), name + "self_attn.", positions,
                             documents, first_values));
      }
      if (config_.feed_forward.activation != spec::Activation::kNone) {
        x = sum(x, feed_forward(norm(x, name + "post_attention_layernorm"), name + "mlp."));
      }
    }
    return linear(norm(x, "model.norm"),
                  config_.tied_embeddings ? "model.embed_tokens" : "lm_head");
  }

 private:
  static Matrix sum(Matrix a, const Matrix& b) {
    for (std::size_t t = 0; t < a.size(); ++t) {
      for (std::size_t c = 0; c < a[t].size(); ++c) a[t][c] += b[t][c];
    }
    return a;
  }

  Matrix linear(const Matrix& x, const std::string& name) const {
    const Matrix& weight = weights_.at(name + ".weight");
    const auto bias = weights_.find(name + ".bias");
    Matrix y(x.size(), std::vector<double>(weight.size()));
    for (std::size_t t = 0; t < x.size(); ++t) {
      for (std::size_t out = 0; out < weight.size(); ++out) {
        y[t][out] = bias == weights_.end() ? 0 : bias->second[0][out];
        for (std::size_t in = 0; in < x[t].size(); ++in) y[t][out] += weight[out][in] * x[t][in];
      }
    }
    return y;
  }

  Matrix norm(Matrix x, const std::string& name) const {
    const std::vector<double>& weight = weights_.at(name + ".weight")[0];
    const auto bias = weights_.find(name + ".bias");
    for (std::vector<double>& row : x) {
      const auto width = static_cast<double>(row.size());
      double mean = 0;
      if (config_.norm == spec::Norm::kLayer) {
        for (const double value : row) mean += value / width;
      }
      double variance = 0;
      for (const double value : row) variance += (value - mean) * (value - mean) / width;
      for (std::size_t c = 0; c < row.size(); ++c) {
        row[c] = (row[c] - mean) / std::sqrt(variance + config_.norm_epsilon) * weight[c];
        if (bias != weights_.end()) row[c] += bias->second[0][c];
      }
    }
    return x;
  }

  /// Each head of each row divided by its root mean square, times the weight.
  Matrix head_norms(Matrix x, const std::string& name) const {
    const std::vector<double>& weight = weights_.at(name + ".weight")[0];
    for (std::vector<double>& row : x) {
      for (std::size_t begin = 0; begin < row.size(); begin += weight.size()) {
        double square = 0;
        for (std::size_t c = 0; c < weight.size(); ++c)
          square += row[begin + c] * row[begin + c] / static_cast<double>(weight.size());
        for (std::size_t c = 0; c < weight.size(); ++c)
          row[begin + c] *= weight[c] / std::sqrt(square + config_.norm_epsilon);
      }
    }
    return x;
  }

  double added(std::int64_t position, std::size_t c) const {
    if (config_.position == spec::Position::kLearned) {
      return weights_.at("model.embed_positions.weight")[static_cast<std::size_t>(position)][c];
    }
    if (config_.position != spec::Position::kSinusoidal) return 0;
    const double pair = static_cast<double>(c / 2);
    const double angle = static_cast<double>(position) /
                         std::pow(10000.0, 2 * pair / static_cast<double>(config_.width));
    return c % 2 == 0 ? std::sin(angle) : std::cos(angle);
  }

  /// One head's part of a token's vector, rotated by its position if positions are rotary.
  std::vector<double> head(const std::vector<double>& x, std::int64_t number, std::int64_t position,
                           bool turn) const {
    const auto width = static_cast<std::size_t>(config_.head_width());
    const auto begin = x.begin() + static_cast<std::ptrdiff_t>(width) * number;
    std::vector<double> part(begin, begin + static_cast<std::ptrdiff_t>(width));
    if (!turn || config_.position != spec::Position::kRotary) return part;
    const std::vector<double> old = part;
    for (std::size_t i = 0; i < width / 2; ++i) {
      const double frequency =
          std::pow(config_.rotary_base, -2.0 * static_cast<double>(i) / static_cast<double>(width));
      const double angle = static_cast<double>(position) * frequency;
      part[i] = old[i] * std::cos(angle) - old[i + width / 2] * std::sin(angle);
      part[i + width / 2] = old[i] * std::sin(angle) + old[i + width / 2] * std::cos(angle);
    }
    return part;
  }

  double score(const std::vector<double>& query, const std::vector<double>& key,
               std::int64_t number, double distance) const {
    if (config_.attention.weights == spec::Weighting::kUniform) return 0;
    double score = 0;
    for (std::size_t c = 0; c < query.size(); ++c) score += query[c] * key[c];
    if (config_.attention.scaled) score /= std::sqrt(static_cast<double>(query.size()));
    if (config_.position == spec::Position::kAlibi) {
      score -= std::pow(2.0, -8.0 * static_cast<double>(number + 1) /
                                 static_cast<double>(config_.heads)) *
               distance;
    }
    return score;
  }

  Matrix attention(const Matrix& x, const std::string& name,
                   const std::vector<std::int64_t>& positions,
                   const std::vector<std::int64_t>& documents, Matrix& first_values) const {
    const bool learned = config_.attention.projection == spec::Projection::kLearned;
    const bool needs_scores = config_.attention.weights == spec::Weighting::kSoftmax;
    const auto prepared = [&](const char* projection, const char* norm) {
      const Matrix made = learned && needs_scores ? linear(x, name + projection) : x;
      return needs_scores && config_.attention.query_key_norm ? head_norms(made, name + norm)
                                                              : made;
    };
    const Matrix query = prepared("q_proj", "q_norm");
    const Matrix key = prepared("k_proj", "k_norm");
    Matrix value = learned ? linear(x, name + "v_proj") : x;
    if (const auto mix = weights_.find(name + "value_mix"); mix != weights_.end()) {
      for (std::size_t t = 0; t < value.size(); ++t)
        for (std::size_t c = 0; c < value[t].size(); ++c)
          value[t][c] = mix->second[0][0] * value[t][c] + mix->second[0][1] * first_values[t][c];
    }
    if (first_values.empty()) first_values = value;
    Matrix mixed(x.size(), std::vector<double>(x[0].size()));
    for (std::int64_t number = 0; number < config_.heads; ++number) {
      const std::int64_t shared =
          learned ? number * config_.key_value_heads / config_.heads : number;
      for (std::size_t q = 0; q < x.size(); ++q) {
        double total = 0;
        std::vector<double> taken(x.size());
        for (std::size_t k = 0; k < x.size(); ++k) {
          if ((config_.causal() && k > q) || documents[k] != documents[q]) continue;
          const double distance = std::abs(static_cast<double>(positions[q] - positions[k]));
          taken[k] = std::exp(score(head(query[q], number, positions[q], true),
                                    head(key[k], needs_scores ? shared : 0, positions[k], true),
                                    number, distance));
          total += taken[k];
        }
        for (std::size_t k = 0; k < x.size(); ++k) {
          const std::vector<double> part = head(value[k], shared, positions[k], false);
          for (std::size_t c = 0; c < part.size(); ++c) {
            mixed[q][static_cast<std::size_t>(number) * part.size() + c] +=
                taken[k] / total * part[c];
          }
        }
      }
    }
    return linear(mixed, name + "o_proj");
  }

  double activate(double x) const {
    switch (config_.feed_forward.activation) {
      case spec::Activation::kGelu:
        return x * 0.5 * std::erfc(-x / std::sqrt(2.0));  // x · P(standard normal < x)
      case spec::Activation::kRelu:
        return x > 0 ? x : 0;
      case spec::Activation::kRelu2:
        return x > 0 ? x * x : 0;
      case spec::Activation::kSilu:
      case spec::Activation::kSwiglu:
        return x / (1 + std::exp(-x));
      case spec::Activation::kNone:
        break;
    }
    return x;
  }

  Matrix feed_forward(const Matrix& x, const std::string& name) const {
    Matrix hidden = linear(x, name + "up_proj");
    const bool gated = config_.feed_forward.activation == spec::Activation::kSwiglu;
    const Matrix gate = gated ? linear(x, name + "gate_proj") : Matrix();
    for (std::size_t t = 0; t < hidden.size(); ++t) {
      for (std::size_t c = 0; c < hidden[t].size(); ++c) {
        hidden[t][c] = gated ? activate(gate[t][c]) * hidden[t][c] : activate(hidden[t][c]);
      }
    }
    return linear(hidden, name + "down_proj");
  }

  spec::ModelConfig config_;
  std::map<std::string, Matrix> weights_;
};

}  // namespace qkv::tests
