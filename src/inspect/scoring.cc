#include "inspect/scoring.h"

#include <algorithm>
#include <memory>
#include <numeric>

#include "base/progress.h"
#include "text/tokenizer.h"

namespace qkv::inspect {
namespace {

/// The approximate number of tokens in a pass: its attention maps still fit the processor's cache.
constexpr std::size_t kTokensAtOnce = 2048;

/// Rows of similar length together need little padding. Stable, so that equal input gives equal
/// batches.
std::vector<RowBatch> batches_of(const std::vector<ScoredRow>& rows) {
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return rows[a].ids.size() < rows[b].ids.size();
  });
  std::vector<RowBatch> batches;
  for (const std::size_t row : order) {
    const std::size_t length = rows[row].ids.size();
    if (batches.empty() || (batches.back().rows.size() + 1) * length > kTokensAtOnce)
      batches.emplace_back();
    batches.back().rows.push_back(row);
    batches.back().lengths.push_back(static_cast<std::int64_t>(length));
    batches.back().tokens = static_cast<std::int64_t>(length);
  }
  return batches;
}

model::Tensor filled(const RowBatch& batch, std::int64_t value) {
  return torch::full({static_cast<std::int64_t>(batch.rows.size()), batch.tokens}, value,
                     at::kLong);
}

/// The model's input. In a causal model, padding on the right is hidden by its position; in any
/// other model, it is marked as outside the document.
model::Tokens tokens_of(const RowBatch& batch, const std::vector<ScoredRow>& rows, bool causal,
                        at::Device device) {
  model::Tokens tokens{
      .ids = filled(batch, text::Tokenizer::kEnd), .positions = {}, .documents = {}};
  const bool padded = batch.lengths.front() != batch.tokens;
  if (padded && !causal) {
    tokens.documents = filled(batch, -1);
    tokens.positions = torch::arange(batch.tokens, at::kLong).expand_as(tokens.ids).contiguous();
  }
  for (std::size_t row = 0; row < batch.rows.size(); ++row) {
    const auto& ids = rows[batch.rows[row]].ids;
    const std::int64_t start = static_cast<std::int64_t>(row) * batch.tokens;
    std::copy(ids.begin(), ids.end(), tokens.ids.data_ptr<std::int64_t>() + start);
    if (tokens.documents.defined()) {
      std::fill_n(tokens.documents.data_ptr<std::int64_t>() + start, ids.size(), 0);
    }
  }
  for (model::Tensor* tensor : {&tokens.ids, &tokens.positions, &tokens.documents}) {
    if (tensor->defined()) *tensor = tensor->to(device);
  }
  return tokens;
}

/// The targets of a batch: each position once, however many pieces it has as targets.
struct Asked {
  std::vector<std::int64_t> places;  ///< in the flattened batch
  std::vector<std::int64_t> slots;   ///< of each target, as an index into `places`
  std::vector<std::int64_t> pieces;
};

Asked asked_of(const RowBatch& batch, const std::vector<ScoredRow>& rows) {
  Asked asked;
  for (std::size_t row = 0; row < batch.rows.size(); ++row) {
    const auto first = static_cast<std::ptrdiff_t>(asked.places.size());
    for (const Target& target : rows[batch.rows[row]].targets) {
      const std::int64_t place = static_cast<std::int64_t>(row) * batch.tokens + target.place;
      const auto known = std::find(asked.places.begin() + first, asked.places.end(), place);
      asked.slots.push_back(known - asked.places.begin());
      asked.pieces.push_back(target.piece);
      if (known == asked.places.end()) asked.places.push_back(place);
    }
  }
  return asked;
}

std::vector<TargetScore> scores_of(const model::Model& model, const model::Tensor& hidden,
                                   const Asked& asked, const model::Pass& pass) {
  const auto index = [&](const std::vector<std::int64_t>& values) {
    return torch::tensor(values, at::kLong).to(model.device());
  };
  const model::Tensor logits =
      model.logits(hidden.flatten(0, 1).index_select(0, index(asked.places)), pass).to(at::kFloat);
  const model::Tensor slots = index(asked.slots);
  const model::Tensor pieces = index(asked.pieces);
  const model::Tensor nats = logits.log_softmax(-1).index({slots, pieces}).cpu();
  const model::Tensor likeliest = (logits.argmax(-1).index_select(0, slots) == pieces).cpu();
  std::vector<TargetScore> scores;
  for (std::size_t target = 0; target < asked.slots.size(); ++target) {
    scores.push_back({.nats = static_cast<double>(nats.const_data_ptr<float>()[target]),
                      .likeliest = likeliest.const_data_ptr<bool>()[target]});
  }
  return scores;
}

}  // namespace

TokenCounter token_progress(const std::string& label, std::size_t tokens) {
  if (label.empty()) return {};
  auto progress = std::make_shared<base::Progress>(label, "tokens", tokens);
  return [progress, done = std::size_t{0}](std::size_t more) mutable {
    done += more;
    progress->update(done);
  };
}

std::size_t token_count(const std::vector<ScoredRow>& rows) {
  std::size_t tokens = 0;
  for (const ScoredRow& row : rows) tokens += row.ids.size();
  return tokens;
}

std::vector<TargetScore> score_rows(const model::Model& model, const std::vector<ScoredRow>& rows,
                                    const model::Runtime& runtime, const TokenCounter& counter,
                                    RowTaps* taps) {
  const torch::NoGradGuard no_gradients;
  const model::Autocast autocast(runtime);
  std::vector<std::size_t> begins;  // of each row's targets among all
  std::size_t targets = 0;
  for (const ScoredRow& row : rows) {
    begins.push_back(targets);
    targets += row.targets.size();
  }
  std::vector<TargetScore> out(targets);
  const model::Pass pass{.taps = taps, .dropout = {}, .cache = nullptr};
  for (const RowBatch& batch : batches_of(rows)) {
    if (taps != nullptr) taps->begin(batch);
    const model::Tensor hidden =
        model.hidden(tokens_of(batch, rows, model.config().causal(), model.device()), pass);
    const Asked asked = asked_of(batch, rows);
    if (!asked.slots.empty()) {
      const std::vector<TargetScore> scores = scores_of(model, hidden, asked, pass);
      auto next = scores.begin();
      for (const std::size_t row : batch.rows) {
        const auto count = static_cast<std::ptrdiff_t>(rows[row].targets.size());
        std::copy(next, next + count, out.begin() + static_cast<std::ptrdiff_t>(begins[row]));
        next += count;
      }
    }
    if (counter)
      counter(static_cast<std::size_t>(
          std::accumulate(batch.lengths.begin(), batch.lengths.end(), std::int64_t{0})));
  }
  return out;
}

}  // namespace qkv::inspect
