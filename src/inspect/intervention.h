#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "inspect/scoring.h"

namespace qkv::inspect {

/// A head by its place in the model, both counted from 0.
struct HeadPlace {
  std::int64_t layer = 0;
  std::int64_t head = 0;

  bool operator==(const HeadPlace&) const = default;
};

/// Edges of the attention maps of one row: from each of the query tokens to each of the key tokens.
struct Cut {
  std::vector<std::int64_t> queries;
  std::vector<std::int64_t> keys;
  std::optional<std::int64_t> layer = {};  ///< in this layer only; in all unless given
  std::optional<std::int64_t> head = {};   ///< in this head only; in all unless given
};

/// Cuts edges: their weights become 0 and what is left of each query's row is divided by its sum,
/// as if the key had been masked before the softmax. A row of which nothing is left becomes 0
/// throughout: that query reads nothing.
class EdgeCutter : public RowTaps {
 public:
  /// One cut a row, in the order of the rows.
  explicit EdgeCutter(const std::vector<Cut>& cuts) : cuts_(cuts) {}

  void begin(const RowBatch& batch) override { batch_ = batch; }
  model::Tensor see(const std::string& name, model::Tensor value) override;

 private:
  const std::vector<Cut>& cuts_;
  RowBatch batch_;
};

/// The mean of what each head mixes, over all tokens that it sees.
class HeadMeans : public RowTaps {
 public:
  void begin(const RowBatch& batch) override { batch_ = batch; }
  model::Tensor see(const std::string& name, model::Tensor value) override;

  /// [heads, head_width] of each layer.
  std::vector<model::Tensor> means() const;

 private:
  RowBatch batch_;
  std::vector<model::Tensor> sums_;  ///< of each layer, double
  std::int64_t tokens_ = 0;          ///< seen in layer 0
};

/// Removes heads: what each mixes becomes its mean (mean ablation, Wang et al. 2022), so that it
/// says nothing about the text at hand, and the layers behind it see the size of input they know.
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

/// The layer L where `name` is "layers.L.attention." and then `value`; nothing where it is not.
std::optional<std::int64_t> attention_layer(const std::string& name, const std::string& value);

}  // namespace qkv::inspect
