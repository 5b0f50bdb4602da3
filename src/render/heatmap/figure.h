#pragma once

#include <string>
#include <vector>

#include "render/heatmap/heatmap.h"
#include "render/heatmap/layout.h"
#include "render/text.h"

namespace qkv::render {

/// The maps of one page, under a title.
struct Figure {
  std::vector<const Heatmap*> maps;
  int columns = 1;
  bool is_grid = false;
  std::string title;
  std::string subtitle;
};

/// Throws Error unless every map has tokens and, for each pair of them, a weight in [0, 1] (or any
/// finite number, if it has signs), and the page can be drawn at all.
void require_drawable(const Figure& figure);

/// Checks as require_drawable does, and that the page with all its labels is not too large.
void require_fits(const Figure& figure, const Text& text);

/// The layout of everything in the figure. REQUIRES a drawable figure.
FigureLayout lay_out(const Figure& figure, const Text& text);

/// The bytes of the picture file. Throws as require_drawable.
std::string draw(const Figure& figure, PictureFormat format);

}  // namespace qkv::render
