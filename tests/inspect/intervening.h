#pragma once

#include <limits>
#include <string>
#include <vector>

#include "inspect/intervention.h"
#include "model/support.h"

namespace qkv::testing {

/// Closes cells as a mask does, before the softmax: an independent way to cut edges of one row.
class Closer : public model::Taps {
 public:
  explicit Closer(const inspect::Cut& cut) : cut_(cut) {}

  model::Tensor see(const std::string& name, model::Tensor value) override {
    if (!name.ends_with(".attention.masked")) return value;
    const std::int64_t layer = name.at(std::string("layers.").size()) - '0';
    if (cut_.layer.value_or(layer) != layer) return value;
    value = value.clone();
    for (std::int64_t head = 0; head < value.size(1); ++head) {
      if (cut_.head.value_or(head) != head) continue;
      for (const std::int64_t query : cut_.queries) {
        for (const std::int64_t key : cut_.keys)
          value[0][head][query][key] = -std::numeric_limits<double>::infinity();
      }
    }
    return value;
  }

 private:
  inspect::Cut cut_;
};

inline model::Pass pass_with(model::Taps* taps) {
  return {.taps = taps, .dropout = {}, .cache = nullptr};
}

/// log p of a target with a cut made by masking, on a row by itself.
inline double masked_nats(const model::Transformer& model, const std::vector<std::int32_t>& ids,
                          const inspect::Target& target, const inspect::Cut& cut) {
  Closer closer(cut);
  const model::Tensor logits = logits_of(model, {ids.begin(), ids.end()}, pass_with(&closer));
  return logits.log_softmax(-1)[target.place][target.piece].item<double>();
}

/// A model in double with attention that is not uniform.
inline model::Transformer uneven_model(spec::ModelConfig config = tiny_model_config()) {
  model::Transformer model(config, 11, 3, at::kDouble);
  randomise(model.parameters(), 5);
  return model;
}

}  // namespace qkv::testing
