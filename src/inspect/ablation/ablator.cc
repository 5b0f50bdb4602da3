#include "inspect/ablation/ablator.h"

#include <algorithm>
#include <functional>

#include "base/error.h"

namespace qkv::inspect {
namespace {

std::vector<std::int64_t> heads_shape(const spec::ModelConfig& model) {
  return {model.has_attention() ? model.layers : 0, model.heads, model.head_width()};
}

std::vector<std::int64_t> feed_forward_shape(const spec::ModelConfig& model) {
  return {model.has_feed_forward() ? model.layers : 0, model.width};
}

/// The sums of the outputs of all parts over the tokens of some rows.
class PartSums : public engine::Taps {
 public:
  explicit PartSums(const spec::ModelConfig& model)
      : heads_(heads_shape(model)), feed_forward_(feed_forward_shape(model)) {}

  bool wants(const engine::TapPlace& place) const override {
    return place.tap == engine::Tap::kMixed || place.tap == engine::Tap::kFeedForwardOutput;
  }
  void see(const engine::TapPlace& place, base::MutableView value) override {
    if (place.tap == engine::Tap::kFeedForwardOutput)
      return add(value, feed_forward_[place.layer].values());
    for (std::int64_t head = 0; head < value.shape[0]; ++head)
      add(value[head], heads_[place.layer][head].values());
  }

  /// Adds the sums to `heads` and `feed_forward`.
  void add_to(std::vector<double>& heads, std::vector<double>& feed_forward) const {
    const auto add_each = [](const std::vector<double>& from, std::vector<double>& to) {
      std::transform(from.begin(), from.end(), to.begin(), to.begin(), std::plus<>());
    };
    add_each(heads_.values, heads);
    add_each(feed_forward_.values, feed_forward);
  }

 private:
  static void add(base::View rows, std::span<double> sum) {
    for (std::int64_t token = 0; token < rows.shape[0]; ++token) {
      const std::span<const float> row = rows[token].values();
      for (std::size_t at = 0; at < sum.size(); ++at) sum[at] += static_cast<double>(row[at]);
    }
  }

  base::ArrayOf<double> heads_;
  base::ArrayOf<double> feed_forward_;
};

}  // namespace

bool Ablator::wants(const engine::TapPlace& place) const {
  return std::any_of(
      replacements_.begin(), replacements_.end(),
      [&](const Replacement& replacement) { return output_of(replacement.part) == place; });
}

void Ablator::see(const engine::TapPlace& place, base::MutableView value) {
  for (const auto& [part, rows] : replacements_) {
    if (output_of(part) != place) continue;
    const base::MutableView output = part.head ? value[*part.head] : value;
    const auto count = static_cast<std::int64_t>(rows.size()) / output.shape[1];
    for (std::int64_t token = 0; token < output.shape[0]; ++token) {
      std::copy_n(rows.data() + (kept_ + token) % count * output.shape[1], output.shape[1],
                  output[token].data);
    }
  }
}

PartMeans::PartMeans(const spec::ModelConfig& model)
    : heads(heads_shape(model)), feed_forward(feed_forward_shape(model)) {}

std::span<const float> PartMeans::of(const Part& part) const {
  return part.head ? heads[part.layer][*part.head].values() : feed_forward[part.layer].values();
}

std::vector<Replacement> PartMeans::replacements(const std::vector<Part>& parts) const {
  std::vector<Replacement> replacements;
  replacements.reserve(parts.size());
  for (const Part& part : parts) replacements.push_back({.part = part, .rows = of(part)});
  return replacements;
}

PartMeans part_means(const engine::Model& model, const std::vector<predict::ScoredRow>& rows,
                     int threads, const predict::TokenCounter& counter) {
  const std::size_t tokens = predict::token_count(rows);
  if (tokens == 0) throw base::Error("mean of parts: found no token, expected at least one");
  std::vector<PartSums> sums(predict::group_count(rows.size()), PartSums(model.config()));
  predict::read_groups(
      model, rows, threads, [&](std::size_t group, std::size_t /*row*/) { return &sums[group]; },
      counter);
  PartMeans means(model.config());
  std::vector<double> heads(means.heads.values.size());
  std::vector<double> feed_forward(means.feed_forward.values.size());
  for (const PartSums& sum : sums) sum.add_to(heads, feed_forward);
  const auto mean = [&](double sum) {
    return static_cast<float>(sum / static_cast<double>(tokens));
  };
  std::transform(heads.begin(), heads.end(), means.heads.values.begin(), mean);
  std::transform(feed_forward.begin(), feed_forward.end(), means.feed_forward.values.begin(), mean);
  return means;
}

}  // namespace qkv::inspect
