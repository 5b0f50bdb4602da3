#include "inspect/artefacts/pictures.h"

#include <algorithm>

#include "base/format.h"
#include "base/parallel.h"
#include "base/utf8.h"

namespace qkv::inspect {
namespace fs = std::filesystem;
namespace {

/// The indices that `chosen` selects: itself, or all `count`.
std::vector<std::int64_t> indices(const std::optional<std::int64_t>& chosen, std::int64_t count) {
  if (chosen) return {*chosen};
  std::vector<std::int64_t> all;
  for (std::int64_t index = 0; index < count; ++index) all.push_back(index);
  return all;
}

std::string grid_title(const HeadChoice& choice) {
  if (choice.layer && choice.head)
    return base::concat("Layer ", *choice.layer, ", head ", *choice.head);
  if (choice.layer) return base::concat("Layer ", *choice.layer, ", all heads");
  if (choice.head) return base::concat("Head ", *choice.head, " of all layers");
  return "All layers, all heads";
}

std::string subtitle_of(const checkpoint::Checkpoint& checkpoint) {
  return base::replace_invalid_utf8(source_line(checkpoint));
}

std::vector<render::Heatmap> maps_of(const checkpoint::Checkpoint& checkpoint,
                                     const Inspection& inspection, const HeadChoice& choice) {
  const spec::ModelConfig& model = checkpoint.config.model;
  require_attention(checkpoint);
  require_heads(choice, model);
  const std::vector<std::string> labels = token_labels(inspection.passage, checkpoint.tokenizer);
  std::vector<render::Heatmap> maps;
  for (const std::int64_t layer : indices(choice.layer, model.layers)) {
    for (const std::int64_t head : indices(choice.head, model.heads)) {
      render::Heatmap map;
      map.title = base::concat("Layer ", layer, ", head ", head);
      map.subtitle = subtitle_of(checkpoint);
      map.query_labels = map.key_labels = labels;
      map.weights = attention_map(inspection, layer, head);
      map.causal = model.causal();
      maps.push_back(std::move(map));
    }
  }
  return maps;
}

}  // namespace

void require_heads(const HeadChoice& choice, const spec::ModelConfig& model) {
  if (choice.layer) require_index("layer", *choice.layer, model.layers);
  if (choice.head) require_index("head", *choice.head, model.heads);
}

std::int64_t shown_heads(const HeadChoice& choice, const spec::ModelConfig& model) {
  return (choice.layer ? 1 : model.layers) * (choice.head ? 1 : model.heads);
}

int grid_columns(const HeadChoice& choice, const spec::ModelConfig& model) {
  constexpr std::int64_t kColumns = 4;  // where one head of each layer is shown
  return static_cast<int>(choice.head ? std::min(shown_heads(choice, model), kColumns)
                                      : model.heads);
}

void require_pictures_fit(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                          const HeadChoice& choice) {
  render::require_heatmaps_fit(maps_of(checkpoint, inspection, choice),
                               grid_columns(choice, checkpoint.config.model), grid_title(choice),
                               subtitle_of(checkpoint));
}

std::vector<fs::path> picture_names(const HeadChoice& choice, const spec::ModelConfig& model,
                                    render::PictureFormat format) {
  std::vector<fs::path> names;
  for (const std::int64_t layer : indices(choice.layer, model.layers)) {
    for (const std::int64_t head : indices(choice.head, model.heads))
      names.emplace_back(base::concat("layer-", layer, "-head-", head, render::extension(format)));
  }
  names.emplace_back(base::concat("heads", render::extension(format)));
  return names;
}

std::vector<fs::path> draw_pictures(const checkpoint::Checkpoint& checkpoint,
                                    const Inspection& inspection, const HeadChoice& choice,
                                    const fs::path& folder, render::PictureFormat format,
                                    int threads) {
  const spec::ModelConfig& model = checkpoint.config.model;
  const std::vector<render::Heatmap> maps = maps_of(checkpoint, inspection, choice);
  std::vector<fs::path> files;
  for (const fs::path& name : picture_names(choice, model, format)) files.push_back(folder / name);
  base::for_each_in_parallel(files.size(), threads, [&](std::size_t turn) {
    if (turn == 0) {  // the largest one first
      render::draw_heatmap_grid(maps, grid_columns(choice, model), grid_title(choice),
                                subtitle_of(checkpoint), files.back(), format);
    } else {
      render::draw_heatmap(maps[turn - 1], files[turn - 1], format);
    }
  });
  return files;
}

}  // namespace qkv::inspect
