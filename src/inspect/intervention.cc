#include "inspect/intervention.h"

#include <string>

#include "base/error.h"

namespace qkv::inspect {
namespace {

/// The rows of a layer's weights [batch, heads, query, key], and the keys that are cut in each.
struct CutRows {
  std::vector<std::int64_t> batch;
  std::vector<std::int64_t> heads;
  std::vector<std::int64_t> queries;
  std::vector<const Cut*> cuts;
};

CutRows rows_in(std::int64_t layer, std::int64_t heads, const RowBatch& batch,
                const std::vector<Cut>& cuts) {
  CutRows rows;
  for (std::size_t row = 0; row < batch.rows.size(); ++row) {
    const Cut& cut = cuts[batch.rows[row]];
    if (cut.keys.empty() || cut.layer.value_or(layer) != layer) continue;
    for (std::int64_t head = 0; head < heads; ++head) {
      if (cut.head.value_or(head) != head) continue;
      for (const std::int64_t query : cut.queries) {
        rows.batch.push_back(static_cast<std::int64_t>(row));
        rows.heads.push_back(head);
        rows.queries.push_back(query);
        rows.cuts.push_back(&cut);
      }
    }
  }
  return rows;
}

}  // namespace

std::optional<std::int64_t> attention_layer(const std::string& name, const std::string& value) {
  const std::string front = "layers.";
  const std::string back = ".attention." + value;
  if (!name.starts_with(front) || !name.ends_with(back)) return {};
  return std::stoll(name.substr(front.size(), name.size() - front.size() - back.size()));
}

model::Tensor EdgeCutter::see(const std::string& name, model::Tensor value) {
  const auto layer = attention_layer(name, "weights");
  if (!layer) return value;
  const CutRows rows = rows_in(*layer, value.size(1), batch_, cuts_);
  if (rows.cuts.empty()) return value;

  const auto count = static_cast<std::int64_t>(rows.cuts.size());
  model::Tensor kept = torch::ones({count, value.size(3)}, at::kFloat);
  float* cell = kept.data_ptr<float>();
  for (const Cut* cut : rows.cuts) {
    for (const std::int64_t key : cut->keys) cell[key] = 0;
    cell += value.size(3);
  }
  const auto index = [&](const std::vector<std::int64_t>& places) -> std::optional<model::Tensor> {
    return torch::tensor(places, at::kLong).to(value.device());
  };
  const c10::List<std::optional<model::Tensor>> places(
      {index(rows.batch), index(rows.heads), index(rows.queries)});
  const model::Tensor left = at::index(value, places) * kept.to(value.device());
  const model::Tensor sums = left.sum(-1, true);
  return at::index_put(value, places, at::where(sums > 0, left / sums, left));
}

model::Tensor HeadMeans::see(const std::string& name, model::Tensor value) {
  const auto layer = attention_layer(name, "mixed");
  if (!layer) return value;
  const auto at = static_cast<std::size_t>(*layer);
  if (sums_.size() <= at)
    sums_.push_back(torch::zeros({value.size(1), value.size(3)}, at::kDouble));
  for (std::size_t row = 0; row < batch_.rows.size(); ++row) {
    const model::Tensor inside =
        value[static_cast<std::int64_t>(row)].narrow(1, 0, batch_.lengths[row]);
    sums_[at] += inside.sum(1, false, at::kDouble).cpu();
    if (at == 0) tokens_ += batch_.lengths[row];
  }
  return value;
}

std::vector<model::Tensor> HeadMeans::means() const {
  if (tokens_ == 0) throw base::Error("mean of heads: found no token, expected at least one");
  std::vector<model::Tensor> means;
  for (const model::Tensor& sum : sums_) means.push_back(sum / static_cast<double>(tokens_));
  return means;
}

model::Tensor HeadRemover::see(const std::string& name, model::Tensor value) {
  const auto layer = attention_layer(name, "mixed");
  if (!layer) return value;
  bool copied = false;
  for (const HeadPlace& place : heads_) {
    if (place.layer != *layer) continue;
    if (!copied) value = value.clone();
    copied = true;
    value.select(1, place.head).copy_(means_[static_cast<std::size_t>(*layer)][place.head]);
  }
  return value;
}

}  // namespace qkv::inspect
