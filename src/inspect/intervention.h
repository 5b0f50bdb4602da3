#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "inspect/scoring.h"

namespace qkv::inspect {

/// A head, named by layer and head, both counted from 0.
struct HeadPlace {
  std::int64_t layer = 0;
  std::int64_t head = 0;

  bool operator==(const HeadPlace&) const = default;
};

/// Edges of the attention maps of one row: from each of the query tokens to each of the key tokens.
struct Cut {
  std::vector<std::int64_t> queries;
  std::vector<std::int64_t> keys;
  std::optional<std::int64_t> layer = {};  ///< only in this layer; in all unless given
  std::optional<std::int64_t> head = {};   ///< only in this head; in all unless given
};

/// Cuts edges: their weights become 0, and the rest of each query's row is divided by its sum, as
/// if the key had been masked before the softmax. If nothing remains, the whole row becomes 0: that
/// query reads nothing.
class EdgeCutter : public RowTaps {
 public:
  /// One cut per row, in the order of the rows.
  explicit EdgeCutter(const std::vector<Cut>& cuts) : cuts_(cuts) {}

  void begin(const RowBatch& batch) override { batch_ = batch; }
  model::Tensor see(const std::string& name, model::Tensor value) override;

 private:
  const std::vector<Cut>& cuts_;
  RowBatch batch_;
};

/// The mean of each head's mixed values, over all tokens that it receives.
class HeadMeans : public RowTaps {
 public:
  void begin(const RowBatch& batch) override { batch_ = batch; }
  model::Tensor see(const std::string& name, model::Tensor value) override;

  /// [heads, head_width] of each layer.
  std::vector<model::Tensor> means() const;

 private:
  RowBatch batch_;
  std::vector<model::Tensor> sums_;  ///< of each layer, double
  std::int64_t tokens_ = 0;          ///< received in layer 0
};

/// Removes heads: the mixed values of each are replaced by their mean (mean ablation, Wang et al.
/// 2022). The head then carries no information about the text, and later layers receive input of
/// the usual size.
class HeadRemover : public RowTaps {
 public:
  HeadRemover(std::vector<HeadPlace> heads, const std::vector<model::Tensor>& means)
      : heads_(std::move(heads)), means_(means) {}

  void begin(const RowBatch& /*batch*/) override {}
  model::Tensor see(const std::string& name, model::Tensor value) override;

 private:
  std::vector<HeadPlace> heads_;
  const std::vector<model::Tensor>& means_;
};

/// The layer L if `name` is "layers.L.attention." followed by `value`; otherwise nothing.
std::optional<std::int64_t> attention_layer(const std::string& name, const std::string& value);

}  // namespace qkv::inspect
