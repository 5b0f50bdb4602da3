#pragma once

#include <vector>

#include "evaluate/report.h"
#include "render/chart.h"

namespace qkv::evaluate {

/// What the vectors of words show of each checkpoint, as charts: the shares of neighbours, purity
/// and analogies beside those of the run's start, with what guessing gives as a dashed line; and,
/// where the file has senses, by depth the mean cosine of a word's vectors and how often its sense
/// is told from them. Charts with nothing to show are left out. Checkpoints stand side by side.
/// Each has been asked the same geometry.
render::ChartPage geometry_plot(const std::vector<Answers>& answers);

}  // namespace qkv::evaluate
