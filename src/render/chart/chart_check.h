#pragma once

#include "render/chart/chart.h"

namespace qkv::render {

/// Throws Error unless the page can be drawn as draw_charts says.
void require_drawable(const ChartPage& page);

}  // namespace qkv::render
