#pragma once

#include <cstdint>
#include <vector>

#include "engine/rows.h"
#include "spec/model.h"

namespace qkv::engine {

/// The keys and values of the tokens read so far. Those of a layer's head are two matrices for
/// products: keys [tokens, head_width] give a query's scores; values, [head_width, tokens], give
/// the weighted sum.
class KeyValueCache {
 public:
  /// Room for `heads` heads per layer and the whole context.
  KeyValueCache(const spec::ModelConfig& config, std::int64_t heads, std::int64_t lanes);

  /// Keeps one token's key and value [head_width].
  void store(std::int64_t layer, std::int64_t head, std::int64_t token, const float* key,
             const float* value);

  /// The first `tokens` keys, followed by arbitrary numbers that fill the last panel.
  Panels keys(std::int64_t layer, std::int64_t head, std::int64_t tokens) const;
  Panels values(std::int64_t layer, std::int64_t head, std::int64_t tokens) const;

  /// `tokens` rounded up to whole panels.
  std::int64_t whole_panels(std::int64_t tokens) const {
    return kernels::panels_of(tokens, lanes_) * lanes_;
  }

 private:
  std::size_t place(std::int64_t layer, std::int64_t head) const {
    return static_cast<std::size_t>(layer * heads_ + head);
  }

  std::int64_t heads_;
  std::int64_t head_width_;
  std::int64_t context_;
  std::int64_t lanes_;
  kernels::Arena memory_;
  std::vector<float*> keys_;    ///< by layer and head: panels of tokens
  std::vector<float*> values_;  ///< by layer and head: panels of a value's numbers
};

}  // namespace qkv::engine
