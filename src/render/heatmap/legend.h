#pragma once

#include <cairo.h>

#include <string>

#include "render/colour_map.h"
#include "render/heatmap/layout.h"
#include "render/text.h"

namespace qkv::render {

/// Between two legends side by side.
inline constexpr double kLegendGap = 30;

/// The width of a legend in units, and the additional width if it explains closed cells.
double legend_width(const Text& text, const std::string& name);
double closed_width(const Text& text);

/// Draws the colour bar at the origin, with its name above and its ticks below.
void draw_legend(cairo_t* context, const Text& text, const std::string& name, const Scale& scale,
                 bool closed);

/// Fills the current path with the pattern of closed cells, and clears the path.
void fill_closed(cairo_t* context, const Rect& bounds);

}  // namespace qkv::render
