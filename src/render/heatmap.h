#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace qkv {

/// One attention map: weights[query][key] with the tokens' labels, as plain arrays.
struct Heatmap {
  std::string title;                        ///< e.g. "Layer 0, head 1"
  std::string subtitle;                     ///< e.g. "runs/world · step 2000"
  std::vector<std::string> query_labels;    ///< rows ("From"), any script
  std::vector<std::string> key_labels;      ///< columns ("To")
  std::vector<std::vector<float>> weights;  ///< [query][key], each in [0, 1]
  bool causal = false;                      ///< cells with key > query are closed and drawn as such
  std::string legend = "attention weight";
};

enum class PictureFormat { kPng, kSvg, kPdf };

/// Draws one map: rows From (query), columns To (key), a perceptual colour map with its legend,
/// numbers in the cells when they fit. 1 to 256 tokens without overlapping labels. Equal input gives
/// equal bytes. Throws Error where the file cannot be written.
void draw_heatmap(const Heatmap& map, const std::filesystem::path& path, PictureFormat format);

/// Draws many maps as a grid, `columns` to a row, with one legend and `title` above all.
void draw_heatmap_grid(const std::vector<Heatmap>& maps, int columns, const std::string& title,
                       const std::string& subtitle, const std::filesystem::path& path, PictureFormat format);

/// The text as a label shows it: a newline as ⏎, each space as ·, a tab as ⇥, other control
/// characters as their Unicode picture, an empty text as ∅.
std::string visible_label(const std::string& text);

}  // namespace qkv
