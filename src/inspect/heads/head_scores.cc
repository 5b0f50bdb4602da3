#include "inspect/heads/head_scores.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/random.h"

namespace qkv::inspect {
namespace {

enum Score { kPrevious, kDuplicate, kInduction, kFirstToken, kEntropy, kDistance, kScores };

/// The keys of each query of a text that a score is about.
using KeysOf = std::vector<std::vector<std::int64_t>>;

/// The sums of the scores of all heads over the tokens of some texts.
class ScoreSums : public engine::Taps {
 public:
  explicit ScoreSums(const spec::ModelConfig& model) : model_(model) {
    sums_.fill(base::ArrayOf<double>({model.layers, model.heads}));
  }

  /// The text that is read next.
  void begin(std::span<const std::int32_t> ids) {
    const auto tokens = static_cast<std::int64_t>(ids.size());
    same_.assign(ids.size(), {});
    next_.assign(ids.size(), {});
    for (std::size_t query = 0; query < ids.size(); ++query) {
      for (std::size_t key = 0; key < query; ++key) {
        if (ids[key] != ids[query]) continue;
        same_[query].push_back(static_cast<std::int64_t>(key));
        if (key + 1 < query) next_[query].push_back(static_cast<std::int64_t>(key + 1));
      }
      counts_[kDuplicate] += same_[query].empty() ? 0 : 1;
      counts_[kInduction] += next_[query].empty() ? 0 : 1;
    }
    counts_[kPrevious] += tokens - 1;
    counts_[kFirstToken] += tokens - 1;
    counts_[kEntropy] += model_.causal() || tokens == 1 ? tokens - 1 : tokens;
    counts_[kDistance] += tokens;
  }

  bool wants(const engine::TapPlace& place) const override {
    return place.tap == engine::Tap::kWeights;
  }
  void see(const engine::TapPlace& place, base::MutableView value) override {
    for (std::int64_t head = 0; head < value.shape[0]; ++head) {
      for (std::int64_t query = 0; query < value.shape[1]; ++query)
        add(value[head][query].values(), query, place.layer * model_.heads + head);
    }
  }

  void add_to(std::array<base::ArrayOf<double>, kScores>& sums,
              std::array<std::int64_t, kScores>& counts) const {
    for (std::size_t score = 0; score < kScores; ++score) {
      counts[score] += counts_[score];
      for (std::size_t at = 0; at < sums_[score].values.size(); ++at)
        sums[score].values[at] += sums_[score].values[at];
    }
  }

 private:
  void add(std::span<const float> row, std::int64_t query, std::int64_t head) {
    const auto sum = [&](Score score) -> double& {
      return sums_[score].values[static_cast<std::size_t>(head)];
    };
    const auto weight = [&](std::int64_t key) {
      return static_cast<double>(row[static_cast<std::size_t>(key)]);
    };
    const auto at = static_cast<std::size_t>(query);
    for (const std::int64_t key : same_[at]) sum(kDuplicate) += weight(key);
    for (const std::int64_t key : next_[at]) sum(kInduction) += weight(key);
    if (query > 0) {
      sum(kPrevious) += weight(query - 1);
      sum(kFirstToken) += weight(0);
    }
    const std::int64_t keys = model_.causal() ? query + 1 : static_cast<std::int64_t>(row.size());
    double entropy = 0;
    double distance = 0;
    for (std::int64_t key = 0; key < keys; ++key) {
      const double share = weight(key);
      if (share > 0) entropy -= share * std::log(share);
      distance += share * static_cast<double>(std::abs(query - key));
    }
    if (keys > 1) sum(kEntropy) += entropy / std::log(static_cast<double>(keys));
    sum(kDistance) += distance;
  }

  const spec::ModelConfig& model_;
  std::array<base::ArrayOf<double>, kScores> sums_;
  std::array<std::int64_t, kScores> counts_ = {};
  KeysOf same_;
  KeysOf next_;
};

}  // namespace

HeadScores head_scores(const engine::Model& model, const IdRows& texts, int threads) {
  std::vector<predict::ScoredRow> rows;
  for (const std::vector<std::int32_t>& ids : texts)
    if (!ids.empty()) rows.push_back({.ids = ids, .targets = {}});
  std::vector<ScoreSums> parts(predict::group_count(rows.size()), ScoreSums(model.config()));
  predict::read_groups(model, rows, threads, [&](std::size_t group, std::size_t row) {
    parts[group].begin(rows[row].ids);
    return &parts[group];
  });
  std::array<base::ArrayOf<double>, kScores> means;
  means.fill(base::ArrayOf<double>({model.config().layers, model.config().heads}));
  std::array<std::int64_t, kScores> counts = {};
  for (const ScoreSums& part : parts) part.add_to(means, counts);
  for (std::size_t score = 0; score < kScores; ++score) {
    for (double& value : means[score].values) {
      value = counts[score] > 0 ? value / static_cast<double>(counts[score])
                                : std::numeric_limits<double>::quiet_NaN();
    }
  }
  return {.previous = means[kPrevious],
          .duplicate = means[kDuplicate],
          .induction = means[kInduction],
          .first_token = means[kFirstToken],
          .entropy = means[kEntropy],
          .distance = means[kDistance]};
}

IdRows random_texts(const std::vector<std::int32_t>& pieces, std::size_t count,
                    std::size_t length) {
  IdRows texts;
  for (std::size_t text = 0; text < count && !pieces.empty(); ++text) {
    base::RandomStream random(base::stream_key(0, base::Purpose::kRandomText, {text}));
    std::vector<std::int32_t>& ids = texts.emplace_back();
    while (ids.size() < length) {
      std::vector<std::int32_t> order = pieces;
      base::shuffle(order, random);
      const std::size_t more = std::min(order.size(), length - ids.size());
      ids.insert(ids.end(), order.begin(), order.begin() + static_cast<std::ptrdiff_t>(more));
    }
  }
  return texts;
}

IdRows repeated(const IdRows& texts, std::span<const std::int32_t> begin) {
  IdRows rows;
  for (const std::vector<std::int32_t>& text : texts) {
    std::vector<std::int32_t>& row = rows.emplace_back(begin.begin(), begin.end());
    row.insert(row.end(), text.begin(), text.end());
    row.insert(row.end(), text.begin(), text.end());
  }
  return rows;
}

}  // namespace qkv::inspect
