#include "inspect/context_vectors.h"

#include <algorithm>

#include "inspect/scoring.h"

namespace qkv::inspect {
namespace {

/// Whether a tap is the input of the first layer or the output of a layer, not one of its parts.
bool is_depth(const std::string& name) {
  return name == "layers.0.input" || (name.starts_with("layers.") && name.ends_with(".output") &&
                                      std::count(name.begin(), name.end(), '.') == 2);
}

/// Keeps, from each pass, the vectors of the words at every depth.
class DepthWatcher : public RowTaps {
 public:
  explicit DepthWatcher(const std::vector<PlacedWord>& words)
      : words_(words), depths_(words.size()) {}

  void begin(const RowBatch& batch) override { batch_ = batch; }

  model::Tensor see(const std::string& name, model::Tensor value) override {
    if (!is_depth(name)) return value;
    for (std::size_t row = 0; row < batch_.rows.size(); ++row) {
      const std::size_t word = batch_.rows[row];
      const model::Tensor tokens = torch::tensor(words_[word].tokens, at::kLong).to(value.device());
      depths_[word].push_back(value[static_cast<std::int64_t>(row)]
                                  .index_select(0, tokens)
                                  .to(at::kCPU, at::kDouble)
                                  .mean(0));
    }
    return value;
  }

  std::vector<model::Tensor> vectors() const {
    std::vector<model::Tensor> out;
    out.reserve(depths_.size());
    for (const std::vector<model::Tensor>& depths : depths_) out.push_back(at::stack(depths));
    return out;
  }

 private:
  const std::vector<PlacedWord>& words_;
  RowBatch batch_;
  std::vector<std::vector<model::Tensor>> depths_;  ///< of each word, [width] each
};

}  // namespace

std::vector<model::Tensor> context_vectors(const model::Model& model,
                                           const std::vector<PlacedWord>& words,
                                           const model::Runtime& runtime,
                                           const std::string& label) {
  std::vector<ScoredRow> rows;
  rows.reserve(words.size());
  for (const PlacedWord& word : words) rows.push_back({.ids = word.ids, .targets = {}});
  DepthWatcher watcher(words);
  score_rows(model, rows, runtime, token_progress(label, token_count(rows)), &watcher);
  return watcher.vectors();
}

}  // namespace qkv::inspect
