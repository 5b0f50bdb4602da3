#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "render/picture_format.h"

namespace qkv::render {

/// One attention map: weights[query][key] with the tokens' labels, as plain arrays.
struct Heatmap {
  std::string title;                        ///< for example "Layer 0, head 1"
  std::string subtitle;                     ///< for example "runs/world · step 2000"
  std::vector<std::string> query_labels;    ///< rows ("From"), any script
  std::vector<std::string> key_labels;      ///< columns ("To")
  std::vector<std::vector<float>> weights;  ///< [query][key], each in [0, 1] unless has_sign
  bool causal = false;  ///< cells with key > query are closed, and drawn with stripes
  std::string legend = "attention weight";
  bool has_sign = false;  ///< any finite numbers, drawn from blue through white at 0 to red
};

/// Draws one map: rows From (query), columns To (key), a perceptual colour map with its legend, and
/// numbers in the cells if they fit. Labels of 1 to 256 tokens do not overlap. Equal input gives
/// equal bytes. Throws Error if there is no token, a row's length is not the number of key labels,
/// a weight is not in [0, 1] (or not finite), no font is installed, the picture would be too large
/// (16,000 pixels per side) or the file cannot be written. Safe in several threads at once.
void draw_heatmap(const Heatmap& map, const std::filesystem::path& path, PictureFormat format);

/// Draws many maps as a grid with `columns` maps per row, one legend for all shares, one for all
/// signed numbers, and `title` at the top. Only the outer maps have labels, if they fit; only one
/// or two maps have numbers in their cells. Throws as draw_heatmap, and if there is no map or
/// column.
void draw_heatmap_grid(const std::vector<Heatmap>& maps, int columns, const std::string& title,
                       const std::string& subtitle, const std::filesystem::path& path,
                       PictureFormat format);

/// Throws Error if a picture of this many maps of this many tokens would be too large, whatever
/// their labels: one map by itself, or a grid with `columns` maps to a row.
void require_size(std::size_t tokens, std::size_t maps, int columns, bool is_grid);

/// Throws Error if draw_heatmap_grid, or draw_heatmap for the first of the maps, would refuse.
void require_heatmaps_fit(const std::vector<Heatmap>& maps, int columns, const std::string& title,
                          const std::string& subtitle);

}  // namespace qkv::render
