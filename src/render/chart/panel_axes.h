#pragma once

#include "render/chart/chart.h"
#include "render/chart/panel_layout.h"
#include "render/text.h"

namespace qkv::render {

/// The best width of the chart's plot: its bars and the words below them have enough room.
double plot_width(const Chart& chart, const Text& text);

/// Sets the axes of a panel whose plot has its place.
void set_axes(const Chart& chart, const Text& text, PanelLayout& panel);

/// Places the axes' numbers or categories and their titles; those of x are below everything that is
/// already in the panel.
void place_axis_texts(const Chart& chart, const Text& text, PanelLayout& panel);

}  // namespace qkv::render
