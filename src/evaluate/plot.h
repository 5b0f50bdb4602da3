#pragma once

#include <vector>

#include "evaluate/report.h"
#include "render/chart/chart.h"

namespace qkv::evaluate {

/// All answers that can be drawn, on one page: the probes (probe_plot.h), and below them the
/// geometry of words (geometry_plot.h). Throws Error if there are neither.
render::ChartPage report_plot(const std::vector<Answers>& answers);

}  // namespace qkv::evaluate
