#pragma once

#include <vector>

#include "evaluate/report.h"
#include "render/chart/chart.h"

namespace qkv::evaluate {

/// The results of the probes for each checkpoint, as charts: by family, the share of right answers
/// with its 95% interval (Wilson, "Probable inference, the law of succession, and statistical
/// inference", 1927), and by distance, that of each family with several bands, or of all if none
/// has; attention and edges too, if they were measured for all. A dashed line is chance.
/// Checkpoints are side by side. Throws Error if one could not be asked a single probe.
render::ChartPage probe_plot(const std::vector<Answers>& answers);

}  // namespace qkv::evaluate
