#pragma once

#include "render/chart.h"
#include "render/panel_layout.h"
#include "render/text.h"

namespace qkv::render {

/// How wide the chart's plot is best: its bars and the words under them then have room.
double plot_width(const Chart& chart, const Text& text);

/// Sets the axes of a panel whose plot stands.
void set_axes(const Chart& chart, const Text& text, PanelLayout& panel);

/// Places the axes' numbers or categories and their titles, those of x below whatever stands in the
/// panel already.
void place_axis_texts(const Chart& chart, const Text& text, PanelLayout& panel);

}  // namespace qkv::render
