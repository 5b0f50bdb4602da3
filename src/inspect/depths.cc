#include "inspect/depths.h"

#include "base/format.h"

namespace qkv::inspect {

std::vector<std::string> depth_names(const spec::ModelConfig& model) {
  std::vector<std::string> names = {"embedding"};
  for (std::int64_t layer = 0; layer < model.layers; ++layer) {
    if (!model.recurrent()) names.push_back(base::concat("layers.", layer, ".middle"));
    names.push_back(base::concat("layers.", layer, ".output"));
  }
  names.back() = "final";
  return names;
}

std::string depth_tap(const std::string& depth, const spec::ModelConfig& model) {
  if (depth == "embedding") return "layers.0.input";
  if (depth == "final") return base::concat("layers.", model.layers - 1, ".output");
  return depth;
}

std::string readable_depth(const std::string& depth, const spec::ModelConfig& model) {
  if (depth == "embedding") return depth;
  if (depth == "final") return "output";
  const std::size_t dot = depth.find('.', 7);
  std::string layer = "layer " + depth.substr(7, dot - 7);
  if (model.recurrent()) return layer;
  return layer + ", after " + (depth.ends_with("middle") ? "attention" : "feed-forward");
}

}  // namespace qkv::inspect
