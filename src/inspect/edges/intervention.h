#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "engine/taps.h"

namespace qkv::inspect {

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

}  // namespace qkv::inspect
