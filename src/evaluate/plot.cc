#include "evaluate/plot.h"

#include <algorithm>
#include <iterator>

#include "evaluate/geometry/geometry_plot.h"
#include "evaluate/probes/probe_plot.h"

namespace qkv::evaluate {

render::ChartPage report_plot(const std::vector<Answers>& answers) {
  if (!answers.front().geometry) return probe_plot(answers);
  render::ChartPage geometry = geometry_plot(answers);
  const bool has_probes = std::any_of(answers.begin(), answers.end(),
                                      [](const Answers& column) { return !column.probes.empty(); });
  if (!has_probes) return geometry;
  render::ChartPage page = probe_plot(answers);
  page.title += " and geometry of words";
  std::move(geometry.panels.begin(), geometry.panels.end(), std::back_inserter(page.panels));
  return page;
}

}  // namespace qkv::evaluate
