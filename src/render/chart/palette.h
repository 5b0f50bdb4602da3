#pragma once

#include <cairo.h>

#include <cstddef>

#include "render/box.h"
#include "render/colour_map.h"

namespace qkv::render {

/// The number of series with their own colours, and with their own pairs of colour and marker.
inline constexpr std::size_t kSeriesColours = 8;
inline constexpr std::size_t kSeriesMarkers = kSeriesColours * kSeriesColours;

/// The colour of the `index`th series: those of Okabe and Ito, "Color Universal Design" (2008),
/// which people with colour blindness can tell apart, with grey instead of yellow, which is too
/// pale on white paper. Ordered so that the first neighbours differ in lightness.
Colour series_colour(std::size_t index);

/// The same colour, darker, for its outline.
Colour outline_colour(const Colour& colour);

/// Makes it the colour of what is drawn next.
void set_colour(cairo_t* context, const Colour& colour, double opacity = 1);

/// Draws a line.
void stroke_line(cairo_t* context, const Point& from, const Point& to, const Colour& colour,
                 double width = 1);

/// Makes the outline of the `index`th series' marker the current path: one shape for each of eight
/// series, then other pairs of shapes and colours for the next eight. `radius` is that of a circle;
/// the other shapes look equally large.
void marker_path(cairo_t* context, std::size_t index, const Point& centre, double radius);

}  // namespace qkv::render
