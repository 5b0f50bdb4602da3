#include "evaluate/probes/probe_plot.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <numeric>

#include "base/error.h"
#include "base/format.h"

namespace qkv::evaluate {
namespace {

/// A share of probes, its confidence interval, and its value by chance.
struct Bar {
  double value = 0;
  double low = 0;
  double high = 0;
  double chance = 0;
};

/// Wilson (1927), the score interval: the true shares p for which the observed share is at most z
/// standard deviations (of p) from the expected one.
Bar accuracy_of(const ProbeCount& count) {
  constexpr double kZ = 1.959964;  // 95% of a normal distribution lie within
  const auto n = static_cast<double>(count.probes);
  const double p = count.accuracy();
  const double centre = (p + kZ * kZ / (2 * n)) / (1 + kZ * kZ / n);
  const double half = kZ / (1 + kZ * kZ / n) * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n));
  return {.value = p,
          .low = std::max(0.0, centre - half),
          .high = std::min(1.0, centre + half),
          .chance = count.guessing()};
}

/// The series of the first chart: another line here is another series.
struct Measure {
  const char* name;
  /// For the family with this index; nothing if it was not measured.
  std::optional<Bar> (*bar)(const Answers&, std::size_t family);
};

/// Chance is the result of an untrained model.
std::optional<Bar> bar_of(const Share& share, const Share& untrained) {
  if (share.probes == 0) return std::nullopt;
  return Bar{.value = share.share,
             .low = share.interval.low,
             .high = share.interval.high,
             .chance = untrained.share};
}

constexpr Measure kMeasures[] = {
    {.name = "right answers",
     .bar =
         [](const Answers& answers, std::size_t family) {
           return std::optional(accuracy_of(answers.probes[family].count));
         }},
    {.name = "best head looks at the evidence",
     .bar =
         [](const Answers& answers, std::size_t family) {
           const FamilyFindings* found = found_of(answers.findings, family);
           return found ? bar_of(found->attention.share, found->untrained_attention.share)
                        : std::nullopt;
         }},
    {.name = "answer uses the evidence", .bar = [](const Answers& answers, std::size_t family) {
       const FamilyFindings* found = found_of(answers.findings, family);
       return found ? bar_of(found->edges, found->untrained_edges) : std::nullopt;
     }}};

std::string spaced(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

void add(render::Series& series, std::size_t x, double value) {
  series.x.push_back(static_cast<double>(x));
  series.values.push_back(value);
}

render::Chart by_family(const Answers& answers) {
  const std::vector<FamilyScore>& families = answers.probes;
  render::Chart chart;
  chart.title = "By family of probes";
  chart.y_title = "share of probes";
  chart.percent = true;
  for (const FamilyScore& family : families) chart.categories.push_back(spaced(family.family));
  for (const Measure& measure : kMeasures) {
    render::Series series{.name = measure.name, .values = {}};
    for (std::size_t index = 0; index < families.size(); ++index) {
      const std::optional<Bar> bar = measure.bar(answers, index);
      if (!bar) continue;
      add(series, index, bar->value);
      series.low.push_back(bar->low);
      series.high.push_back(bar->high);
      series.levels.push_back(bar->chance);
    }
    if (!series.values.empty()) chart.series.push_back(std::move(series));
  }
  chart.levels_name =
      chart.series.size() == 1 ? "guessing" : "by chance: guessing, or an untrained model";
  return chart;
}

/// The charts by distance.
struct DistanceMeasure {
  const char* title;
  const char* y_title;
  Share FamilyFindings::Band::*found;  ///< null: the accuracy
};

constexpr DistanceMeasure kDistanceMeasures[] = {
    {.title = "Right answers by distance", .y_title = "share of probes", .found = nullptr},
    {.title = "Best head looks at the evidence, by distance",
     .y_title = "share of probes",
     .found = &FamilyFindings::Band::attention},
    {.title = "Answer uses the evidence, by distance",
     .y_title = "share of probes",
     .found = &FamilyFindings::Band::edges}};

/// For a family in one of its bands, by their indices; nothing if no probe there was measured.
std::optional<double> share_at(const Answers& answers, const DistanceMeasure& measure,
                               std::size_t family, std::size_t band) {
  if (measure.found == nullptr) return answers.probes[family].bands[band].count.accuracy();
  if (!answers.findings) return std::nullopt;
  const FamilyFindings& findings = answers.findings->families[family];
  if (findings.measured == 0) return std::nullopt;
  const Share& share = findings.bands[band].*measure.found;
  return share.probes == 0 ? std::nullopt : std::optional(share.share);
}

/// The indices of the families with several bands, or of all families if none has.
std::vector<std::size_t> of_several_bands(const std::vector<FamilyScore>& families) {
  std::vector<std::size_t> all(families.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  std::vector<std::size_t> several = all;
  std::erase_if(several, [&](std::size_t index) { return families[index].bands.size() < 2; });
  return several.empty() ? all : several;
}

render::Chart by_distance(const Answers& answers, const DistanceMeasure& measure) {
  const std::vector<std::size_t> shown = of_several_bands(answers.probes);
  struct Column {
    std::string name;
    double chance = 0;
    double probes = 0;
    std::size_t index = 0;
  };
  std::map<std::size_t, Column> columns;  // by the smallest distance
  for (const std::size_t family : shown) {
    for (const DistanceBand& band : answers.probes[family].bands) {
      Column& column = columns[band.least];
      column.name = band_name(band);
      column.chance += band.count.chance;
      column.probes += static_cast<double>(band.count.probes);
    }
  }

  render::Chart chart;
  chart.kind = render::ChartKind::kLines;
  chart.title = measure.title;
  chart.x_title = "words between evidence and answer";
  chart.y_title = measure.y_title;
  chart.percent = true;
  if (measure.found == nullptr) chart.reference = render::Series{.name = "guessing", .values = {}};
  for (auto& [least, column] : columns) {
    column.index = chart.categories.size();
    chart.categories.push_back(column.name);
    if (chart.reference) chart.reference->values.push_back(column.chance / column.probes);
  }
  for (const std::size_t family : shown) {
    render::Series series{.name = spaced(answers.probes[family].family), .values = {}};
    const std::vector<DistanceBand>& bands = answers.probes[family].bands;
    for (std::size_t at = 0; at < bands.size(); ++at) {
      const std::optional<double> share = share_at(answers, measure, family, at);
      if (share) add(series, columns.at(bands[at].least).index, *share);
    }
    if (!series.values.empty()) chart.series.push_back(std::move(series));
  }
  return chart;
}

}  // namespace

render::ChartPage probe_plot(const std::vector<Answers>& answers) {
  render::ChartPage page;
  page.title = "Probes";
  page.subtitle = "error bars: 95% intervals";
  page.columns = static_cast<int>(answers.size());
  for (const Answers& column : answers) {
    if (column.probes.empty()) {
      throw base::Error(base::concat(
          column.checkpoint, ": found no probe that it can be asked, expected at least 1 to plot"));
    }
    page.panels.push_back(by_family(column));
  }
  for (const DistanceMeasure& measure : kDistanceMeasures) {
    std::vector<render::Chart> charts;
    charts.reserve(answers.size());
    for (const Answers& column : answers) charts.push_back(by_distance(column, measure));
    const bool all_measured =
        std::none_of(charts.begin(), charts.end(),
                     [](const render::Chart& chart) { return chart.series.empty(); });
    if (all_measured) std::move(charts.begin(), charts.end(), std::back_inserter(page.panels));
  }
  if (answers.size() == 1) {
    page.subtitle = base::concat(source_line(answers.front()), " · ", page.subtitle);
    return page;
  }
  for (std::size_t index = 0; index < page.panels.size(); ++index) {
    page.panels[index].title += " · " + source_line(answers[index % answers.size()]);
  }
  return page;
}

}  // namespace qkv::evaluate
