#pragma once

#include <cstdint>
#include <vector>

#include "spec/weights.h"

namespace qkv::engine {

/// The layout of a Transformer's weights in one flat array; their gradients and moments have the
/// same layout. Matrices of one product (query, key and value; gate and up) are adjacent.
/// TrainingStep supports the config.
class WeightLayout {
 public:
  struct Place {
    spec::Weight weight;
    std::int64_t begin = 0;  ///< in floats, from the array's beginning
    std::int64_t size = 0;
  };
  /// The offsets of one layer's weights; −1 if the config has no such weights.
  struct Layer {
    std::int64_t attention_norm = -1, attention_norm_bias = -1;
    std::int64_t query_key_value = -1, query_key_value_bias = -1;
    std::int64_t query_norm = -1, key_norm = -1;
    std::int64_t value_mix = -1;
    std::int64_t output = -1, output_bias = -1;
    std::int64_t feed_forward_norm = -1, feed_forward_norm_bias = -1;
    std::int64_t up = -1, up_bias = -1;  ///< gate and up for swiglu
    std::int64_t down = -1, down_bias = -1;
  };

  WeightLayout(const spec::ModelConfig& config, std::int64_t vocabulary);

  const std::vector<Place>& places() const { return places_; }
  const std::vector<Layer>& layers() const { return layers_; }
  /// The number of floats in the array, including gaps.
  std::int64_t size() const { return size_; }

  std::int64_t embedding = -1;
  std::int64_t positions = -1;  ///< learned positions
  std::int64_t norm = -1, norm_bias = -1;
  std::int64_t head = -1;  ///< the embedding's if tied

 private:
  /// Appends those of these weights that the model has, the first at a cache line; returns its
  /// offset, or −1 if the model has none of them.
  std::int64_t add(const spec::WeightList& list, const std::vector<spec::WeightIndex>& indices);

  std::vector<Place> places_;
  std::vector<Layer> layers_;
  std::int64_t size_ = 0;
};

}  // namespace qkv::engine
