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

std::string readable_place(const std::string& name, bool recurrent) {
  if (name == "final") return "output";
  if (!name.starts_with("layers.")) return name;
  const std::size_t dot = name.find('.', 7);
  std::string layer = "layer " + name.substr(7, dot - 7);
  if (recurrent) return layer;
  constexpr std::string_view kHeads = "heads.";
  const std::string place = name.substr(dot + 1);
  if (place == "middle") return layer + ", after attention";
  if (place == "output") return layer + ", after feed-forward";
  if (place.starts_with(kHeads)) return layer + ", head " + place.substr(kHeads.size());
  return layer + ", feed-forward";
}

}  // namespace qkv::inspect
