#pragma once

#include <vector>

#include "evaluate/report.h"
#include "render/chart/chart.h"

namespace qkv::evaluate {

/// The geometry of words of each checkpoint, as charts: the shares of neighbours, purity and
/// analogies next to those of the run's start, with chance as a dashed line; and, if the file has
/// senses, by depth the mean cosine of a word's vectors and how often its sense can be recognized
/// from them. Charts without content are left out. Checkpoints are side by side. All have been
/// asked the same questions.
render::ChartPage geometry_plot(const std::vector<Answers>& answers);

}  // namespace qkv::evaluate
