#pragma once

#include <vector>

#include "render/chart/chart.h"
#include "render/chart/panel_layout.h"

namespace qkv::render {

/// The layout of a page of charts.
struct PageLayout {
  double width = 0;
  double height = 0;
  Rect title;
  Rect subtitle;
  std::vector<PanelLayout> panels;
};

/// The plots of a column have one width and are exactly below each other; the plots of a row are
/// next to each other. REQUIRES a drawable page.
PageLayout lay_out(const ChartPage& page, const Text& text);

}  // namespace qkv::render
