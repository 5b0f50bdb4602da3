#pragma once

#include "render/chart/chart.h"
#include "render/chart/panel_layout.h"
#include "render/text.h"

namespace qkv::render {

/// Places the legend, if there is more than one thing to tell apart, and the title above it, both
/// above everything that is already in the panel.
void place_heading(const Chart& chart, const Text& text, PanelLayout& panel);

}  // namespace qkv::render
