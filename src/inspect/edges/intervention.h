#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "predict/scoring.h"

namespace qkv::inspect {

/// A head, named by layer and head, both counted from 0.
struct HeadPlace {
  std::int64_t layer = 0;
  std::int64_t head = 0;

  bool operator==(const HeadPlace&) const = default;
};

/// Edges of a text's attention maps: from each of the query tokens to each of the key tokens.
struct Cut {
  std::vector<std::int64_t> queries;
  std::vector<std::int64_t> keys;
  std::optional<std::int64_t> layer = {};  ///< only in this layer; in all unless given
  std::optional<std::int64_t> head = {};   ///< only in this head; in all unless given
};

/// Cuts edges: their weights become 0, and the rest of each query's row is divided by its sum, as
/// if the key had been masked before the softmax. If nothing remains, the whole row becomes 0: that
/// query reads nothing.
class EdgeCutter : public engine::Taps {
 public:
  explicit EdgeCutter(Cut cut) : cut_(std::move(cut)) {}

  bool wants(const engine::TapPlace& place) const override;
  void see(const engine::TapPlace& place, base::MutableView value) override;

 private:
  Cut cut_;
};

/// The mean of each head's mixed values over all tokens of the rows, [layers, heads, head_width].
/// REQUIRES a model with attention. Throws Error if there is no token, or as score_rows does.
base::Array head_means(const engine::Model& model, const std::vector<predict::ScoredRow>& rows,
                       int threads, const predict::TokenCounter& counter = {});

/// Removes heads: the mixed values of each are replaced by their mean (mean ablation, Wang et al.
/// 2022). The head then carries no information about the text, and later layers receive input of
/// the usual size.
class HeadRemover : public engine::Taps {
 public:
  /// `heads` and `means`, those of head_means, must outlive it.
  HeadRemover(const std::vector<HeadPlace>& heads, const base::Array& means)
      : heads_(heads), means_(means) {}

  bool wants(const engine::TapPlace& place) const override;
  void see(const engine::TapPlace& place, base::MutableView value) override;

 private:
  const std::vector<HeadPlace>& heads_;
  const base::Array& means_;
};

}  // namespace qkv::inspect
