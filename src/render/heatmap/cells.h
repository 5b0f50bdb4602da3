#pragma once

#include <cairo.h>

#include "render/colour_map.h"
#include "render/heatmap/heatmap.h"
#include "render/heatmap/layout.h"
#include "render/text.h"

namespace qkv::render {

/// Draws the cells of one map, its closed region, its frame, and the numbers unless `number_font`
/// is 0.
void draw_cells(cairo_t* context, const Text& text, const Heatmap& map, const Rect& cells,
                double number_font, const Scale& scale);

}  // namespace qkv::render
