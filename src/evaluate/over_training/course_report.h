#pragma once

#include <string>
#include <vector>

#include "evaluate/over_training/course.h"
#include "render/chart/chart.h"

namespace qkv::evaluate {

/// For each run, a table with a row for each snapshot, and one that says when each family of probes
/// and the strongest head of each kind went half of their way.
std::string course_text(const std::vector<Course>& courses);

/// {"runs": […]}: for each run its name, `steps`, and a list with one value per step for each
/// measure: `loss`, the accuracy of each of `families`, and the scores of each of `heads`.
std::string course_json(const std::vector<Course>& courses);

/// Loss, families of probes and scores of heads over the steps. One run: a line for each head.
/// Several runs of the same steps: the mean of each family, with the range of the runs, and for
/// each run the head with the highest score.
render::ChartPage course_plot(const std::vector<Course>& courses);

}  // namespace qkv::evaluate
