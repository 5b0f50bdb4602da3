#pragma once

#include <cairo.h>

#include "render/chart/chart.h"
#include "render/chart/panel_layout.h"

namespace qkv::render {

/// Draws the chart's bars or lines with their ranges, and the reference.
void draw_marks(cairo_t* context, const Chart& chart, const PanelLayout& panel);

/// Draws the sample of a series, or of the reference, in the legend.
void draw_sample(cairo_t* context, const Chart& chart, const LegendEntry& entry);

}  // namespace qkv::render
