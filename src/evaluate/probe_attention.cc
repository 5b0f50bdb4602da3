#include "evaluate/probe_attention.h"

#include <algorithm>

#include "inspect/rollout.h"

namespace qkv::evaluate {
namespace {

/// Extracts, in every pass, the weights from the query tokens to the spans of each row's probe.
class SpanWatcher : public inspect::RowTaps {
 public:
  SpanWatcher(const std::vector<ProbeReading>& probes, const spec::ModelConfig& model)
      : probes_(probes), layers_(model.layers) {
    found_.heads.resize(probes.size());
    found_.rollout.resize(probes.size());
  }

  void begin(const inspect::RowBatch& batch) override {
    batch_ = batch;
    weights_.clear();
    std::size_t most = 0;
    for (const std::size_t row : batch.rows) most = std::max(most, probes_[row].spans.size());
    const auto rows = static_cast<std::int64_t>(batch.rows.size());
    queries_ = torch::zeros({rows, 1, 1, batch.tokens});
    spans_ = torch::zeros({rows, 1, batch.tokens, static_cast<std::int64_t>(most)});
    auto queries = queries_.accessor<float, 4>();
    auto spans = spans_.accessor<float, 4>();
    for (std::int64_t row = 0; row < rows; ++row) {
      const ProbeReading& probe = probes_[batch.rows[static_cast<std::size_t>(row)]];
      for (const std::int64_t token : probe.query) queries[row][0][0][token] = 1;
      for (std::size_t span = 0; span < probe.spans.size(); ++span) {
        for (const std::int64_t token : probe.spans[span])
          spans[row][0][token][static_cast<std::int64_t>(span)] = 1;
      }
    }
  }

  model::Tensor see(const std::string& name, model::Tensor value) override {
    const auto layer = inspect::attention_layer(name, "weights");
    if (!layer) return value;
    add(value, found_.heads);
    weights_.push_back(value);
    if (*layer == layers_ - 1)
      add(inspect::attention_rollout(weights_).unsqueeze(1), found_.rollout);
    return value;
  }

  AttentionContrasts found() && { return std::move(found_); }

 private:
  /// weights [rows, ways, query, key]
  void add(const model::Tensor& weights, Contrasts& contrasts) const {
    const model::Tensor sums =
        at::matmul(at::matmul(queries_.to(weights.device()), weights), spans_.to(weights.device()))
            .squeeze(2)
            .to(at::kCPU, at::kDouble)
            .contiguous();  // [rows, ways, spans]
    const double* next = sums.const_data_ptr<double>();
    for (const std::size_t row : batch_.rows) {
      std::vector<double> means(probes_[row].spans.size());
      const auto queries = static_cast<double>(probes_[row].query.size());
      for (std::int64_t way = 0; way < sums.size(1); ++way, next += sums.size(2)) {
        for (std::size_t span = 0; span < means.size(); ++span) means[span] = next[span] / queries;
        contrasts[row].push_back(contrast_of(means));
      }
    }
  }

  const std::vector<ProbeReading>& probes_;
  std::int64_t layers_;
  inspect::RowBatch batch_;
  model::Tensor queries_;  ///< [rows, 1, 1, tokens], 1 for the query tokens of the row's probe
  model::Tensor spans_;    ///< [rows, 1, tokens, spans], 1 for the tokens of a span
  std::vector<model::Tensor> weights_;
  AttentionContrasts found_;
};

}  // namespace

AttentionContrasts attention_contrasts(const model::Model& model,
                                       const std::vector<ProbeReading>& probes,
                                       const model::Runtime& runtime,
                                       const inspect::TokenCounter& counter) {
  std::vector<inspect::ScoredRow> rows;
  rows.reserve(probes.size());
  for (const ProbeReading& probe : probes)
    rows.push_back({.ids = probe.reading.ids, .targets = {}});
  SpanWatcher watcher(probes, model.config());
  inspect::score_rows(model, rows, runtime, counter, &watcher);
  return std::move(watcher).found();
}

std::size_t head_number(const inspect::HeadPlace& place, const spec::ModelConfig& model) {
  return static_cast<std::size_t>(place.layer * model.heads + place.head);
}

inspect::HeadPlace head_place(std::size_t number, const spec::ModelConfig& model) {
  const auto place = static_cast<std::int64_t>(number);
  return {.layer = place / model.heads, .head = place % model.heads};
}

}  // namespace qkv::evaluate
