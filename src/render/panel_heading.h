#pragma once

#include "render/chart.h"
#include "render/panel_layout.h"
#include "render/text.h"

namespace qkv::render {

/// Places the legend, where there is more than one thing to tell apart, and the title above it, all
/// of it above whatever stands in the panel already.
void place_heading(const Chart& chart, const Text& text, PanelLayout& panel);

}  // namespace qkv::render
