#pragma once

#include <cairo.h>

#include <cstddef>

#include "render/colour_map.h"
#include "render/layout.h"

namespace qkv::render {

/// How many series have a colour of their own, and how many a pair of colour and marker.
inline constexpr std::size_t kSeriesColours = 8;
inline constexpr std::size_t kSeriesMarkers = kSeriesColours * kSeriesColours;

/// The colour of the `index`th series: those of Okabe and Ito, "Color Universal Design" (2008),
/// which the colour-blind tell apart too, with a grey for yellow, which vanishes on white paper.
/// Ordered so that the first neighbours differ in lightness.
Colour series_colour(std::size_t index);

/// The same colour, darker, to outline it.
Colour outline_colour(const Colour& colour);

/// Makes the outline of the `index`th series' marker the current path: a shape for each of eight
/// series, another pairing of shapes and colours for the next eight. `radius` is a circle's; the
/// other shapes look as large.
void marker_path(cairo_t* context, std::size_t index, const Point& centre, double radius);

}  // namespace qkv::render
