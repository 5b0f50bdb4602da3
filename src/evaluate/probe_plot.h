#pragma once

#include <vector>

#include "evaluate/report.h"
#include "render/chart.h"

namespace qkv::evaluate {

/// What the probes say of each checkpoint, as charts: by family the share of right answers with its
/// 95% interval (Wilson, "Probable inference, the law of succession, and statistical inference",
/// 1927), and by distance that of each family with several bands, or of all where none has; where
/// all have been looked at, attention and edges too. A dashed line is what guessing gives.
/// Checkpoints stand side by side. Throws Error where one could not be asked a single probe.
render::ChartPage probe_plot(const std::vector<Answers>& answers);

}  // namespace qkv::evaluate
