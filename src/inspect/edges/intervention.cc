#include "inspect/edges/intervention.h"

#include <algorithm>
#include <mutex>

#include "base/error.h"

namespace qkv::inspect {
namespace {

void cut_edges(std::span<float> weights, const std::vector<std::int64_t>& keys) {
  float sum = 0;
  for (const std::int64_t key : keys) weights[static_cast<std::size_t>(key)] = 0;
  for (const float weight : weights) sum += weight;
  if (sum <= 0) return;
  for (float& weight : weights) weight /= sum;
}

/// The sums of each head's mixed values over the tokens of some rows.
class HeadSums : public engine::Taps {
 public:
  explicit HeadSums(base::ArrayOf<double>& sums) : sums_(sums) {}

  bool wants(const engine::TapPlace& place) const override {
    return place.tap == engine::Tap::kMixed;
  }
  void see(const engine::TapPlace& place, base::MutableView value) override {
    const base::ViewOf<double> of_layer = sums_[place.layer];
    for (std::int64_t head = 0; head < value.shape[0]; ++head) {
      const std::span<double> sum = of_layer[head].values();
      for (std::int64_t token = 0; token < value.shape[1]; ++token) {
        const std::span<const float> mixed = value[head][token].values();
        for (std::size_t at = 0; at < sum.size(); ++at) sum[at] += static_cast<double>(mixed[at]);
      }
    }
  }

 private:
  base::ArrayOf<double>& sums_;
};

}  // namespace

bool EdgeCutter::wants(const engine::TapPlace& place) const {
  return place.tap == engine::Tap::kWeights && cut_.layer.value_or(place.layer) == place.layer;
}

void EdgeCutter::see(const engine::TapPlace& /*place*/, base::MutableView value) {
  const std::int64_t begin = cut_.head.value_or(0);
  const std::int64_t end = cut_.head ? begin + 1 : value.shape[0];
  for (std::int64_t head = begin; head < end; ++head) {
    for (const std::int64_t query : cut_.queries) cut_edges(value[head][query].values(), cut_.keys);
  }
}

base::Array head_means(const engine::Model& model, const std::vector<predict::ScoredRow>& rows,
                       int threads, const predict::TokenCounter& counter) {
  const std::size_t tokens = predict::token_count(rows);
  if (tokens == 0) throw base::Error("mean of heads: found no token, expected at least one");
  const spec::ModelConfig& config = model.config();
  const std::vector<std::int64_t> shape = {config.layers, config.heads, config.head_width()};
  // Sums of groups of rows, which do not depend on the number of threads.
  const std::size_t groups = std::min<std::size_t>(rows.size(), 64);
  std::vector<base::ArrayOf<double>> sums(groups, base::ArrayOf<double>(shape));
  std::mutex mutex;
  predict::with_scorers(model, groups, threads, [&](predict::Scorer& scorer, std::size_t group) {
    HeadSums taps(sums[group]);
    const std::size_t end = rows.size() * (group + 1) / groups;
    for (std::size_t row = rows.size() * group / groups; row < end; ++row) {
      predict::ScoredRow read = rows[row];
      read.targets = {};
      scorer.score(read, &taps, {});
      if (!counter) continue;
      const std::lock_guard lock(mutex);
      counter(read.ids.size());
    }
  });
  base::ArrayOf<double> total(shape);
  for (const auto& sum : sums) {
    for (std::size_t at = 0; at < total.values.size(); ++at) total.values[at] += sum.values[at];
  }
  base::Array means(shape);
  std::transform(total.values.begin(), total.values.end(), means.values.begin(),
                 [&](double sum) { return static_cast<float>(sum / static_cast<double>(tokens)); });
  return means;
}

bool HeadRemover::wants(const engine::TapPlace& place) const {
  return place.tap == engine::Tap::kMixed &&
         std::any_of(heads_.begin(), heads_.end(),
                     [&](const HeadPlace& head) { return head.layer == place.layer; });
}

void HeadRemover::see(const engine::TapPlace& place, base::MutableView value) {
  for (const HeadPlace& head : heads_) {
    if (head.layer != place.layer) continue;
    const std::span<const float> mean = means_[head.layer][head.head].values();
    for (std::int64_t token = 0; token < value.shape[1]; ++token)
      std::copy(mean.begin(), mean.end(), value[head.head][token].data);
  }
}

}  // namespace qkv::inspect
