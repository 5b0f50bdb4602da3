#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/config.h"

namespace qkv::fused {

/// Where the weights of a Transformer stand in one flat array, and their gradients and moments in
/// arrays like it. What one product takes (query, key and value; gate and up) stands together.
/// Names and shapes are those of the checkpoint; the config is one that FusedStep supports.
class WeightLayout {
 public:
  struct Place {
    std::string name;
    std::vector<std::int64_t> shape;
    std::int64_t begin = 0;  ///< in floats, from the array's beginning
    std::int64_t size = 0;
  };
  /// The places of one layer; −1 where the config has no such weights.
  struct Layer {
    std::int64_t attention_norm = -1, attention_norm_bias = -1;
    std::int64_t query_key_value = -1, query_key_value_bias = -1;
    std::int64_t output = -1, output_bias = -1;
    std::int64_t feed_forward_norm = -1, feed_forward_norm_bias = -1;
    std::int64_t up = -1, up_bias = -1;  ///< gate and up for swiglu
    std::int64_t down = -1, down_bias = -1;
  };

  WeightLayout(const config::ModelConfig& config, std::int64_t vocabulary);

  const std::vector<Place>& places() const { return places_; }
  const std::vector<Layer>& layers() const { return layers_; }
  /// Floats in the array, gaps between its parts included.
  std::int64_t size() const { return size_; }

  std::int64_t embedding = -1;
  std::int64_t positions = -1;  ///< learned ones
  std::int64_t norm = -1, norm_bias = -1;
  std::int64_t head = -1;  ///< the embedding's where tied

 private:
  /// Puts weights behind each other, the first at a cache line; returns where that is.
  struct Part {
    std::string name;
    std::vector<std::int64_t> shape;
  };
  std::int64_t add(const std::vector<Part>& parts);

  std::vector<Place> places_;
  std::vector<Layer> layers_;
  std::int64_t size_ = 0;
};

}  // namespace qkv::fused
