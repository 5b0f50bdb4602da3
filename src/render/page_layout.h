#pragma once

#include <vector>

#include "render/chart.h"
#include "render/panel_layout.h"

namespace qkv::render {

/// Where everything of a page of charts stands.
struct PageLayout {
  double width = 0;
  double height = 0;
  Rect title;
  Rect subtitle;
  std::vector<PanelLayout> panels;
};

/// Plots of a column have one width and stand exactly below each other, plots of a row beside each
/// other. REQUIRES a drawable page.
PageLayout lay_out(const ChartPage& page, const Text& text);

}  // namespace qkv::render
