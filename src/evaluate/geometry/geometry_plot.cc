#include "evaluate/geometry/geometry_plot.h"

#include <cmath>

#include "evaluate/geometry/geometry_report.h"

namespace qkv::evaluate {
namespace {

render::Chart embedding_chart(const GeometryScore& score) {
  render::Chart chart;
  chart.title = "Embeddings";
  chart.y_title = "share of words or analogies";
  chart.percent = true;
  render::Series now{.name = "after training", .values = {}};
  render::Series start{.name = "before training", .values = {}};
  render::Series guessing{.name = "guessing", .values = {}};
  const auto add = [&](const char* name, double share, double start_share, double chance) {
    if (!std::isfinite(share)) return;  // the file has no such question
    chart.categories.emplace_back(name);
    now.values.push_back(share);
    start.values.push_back(start_share);
    guessing.values.push_back(chance);
  };
  const NeighbourScore& near = score.now.neighbours;
  add("neighbours", near.precision.listed, score.start.neighbours.precision.listed,
      near.guessing.listed);
  add("neighbours of all words", near.precision.all, score.start.neighbours.precision.all,
      near.guessing.all);
  add("purity", score.now.purity, score.start.purity, score.now.chance_purity);
  const AnalogyScore& solved = score.now.analogies;
  add("analogies", solved.accuracy.listed, score.start.analogies.accuracy.listed,
      solved.guessing.listed);
  add("analogies of all words", solved.accuracy.all, score.start.analogies.accuracy.all,
      solved.guessing.all);
  chart.series = {now, start};
  chart.reference = guessing;
  return chart;
}

render::Chart by_depth(const std::string& title, std::size_t depths) {
  render::Chart chart;
  chart.kind = render::ChartKind::kLines;
  chart.title = title;
  chart.x_title = "vector after";
  for (std::size_t depth = 0; depth < depths; ++depth)
    chart.categories.push_back(depth_name(depth));
  return chart;
}

render::Series line(const std::string& name, const std::vector<SenseSeparation>& depths,
                    double SenseSeparation::*member) {
  render::Series series{.name = name, .values = {}};
  for (const SenseSeparation& depth : depths) series.values.push_back(depth.*member);
  return series;
}

std::vector<render::Chart> charts_of(const GeometryScore& score) {
  std::vector<render::Chart> charts;
  charts.push_back(embedding_chart(score));
  if (charts.front().categories.empty()) charts.clear();
  if (score.senses.empty()) return charts;

  const std::vector<SenseSeparation> now = mean_separation(score.senses);
  const std::vector<SenseSeparation> start = mean_separation(score.start_senses);
  render::Chart cosine = by_depth("One word in two sentences", now.size());
  cosine.y_title = "mean cosine";
  cosine.series = {line("same sense", now, &SenseSeparation::same),
                   line("other sense", now, &SenseSeparation::other)};
  charts.push_back(cosine);

  render::Chart accuracy = by_depth("The right sense is nearest", now.size());
  accuracy.y_title = "share of sentences";
  accuracy.percent = true;
  accuracy.series = {line("after training", now, &SenseSeparation::accuracy),
                     line("before training", start, &SenseSeparation::accuracy)};
  double guessing = 0;
  for (const WordSenses& word : score.senses)
    guessing += word.guessing / static_cast<double>(score.senses.size());
  accuracy.reference =
      render::Series{.name = "guessing", .values = std::vector<double>(now.size(), guessing)};
  charts.push_back(accuracy);
  return charts;
}

}  // namespace

render::ChartPage geometry_plot(const std::vector<Answers>& answers) {
  render::ChartPage page;
  page.title = "Geometry of words";
  page.columns = static_cast<int>(answers.size());
  std::vector<std::vector<render::Chart>> columns;
  columns.reserve(answers.size());
  for (const Answers& column : answers) columns.push_back(charts_of(*column.geometry));
  if (answers.size() == 1) {
    page.subtitle = source_line(answers.front());
    page.panels = std::move(columns.front());
    page.columns = static_cast<int>(page.panels.size());
    return page;
  }
  for (std::size_t row = 0; row < columns.front().size(); ++row) {
    for (std::size_t column = 0; column < columns.size(); ++column) {
      page.panels.push_back(columns[column].at(row));
      page.panels.back().title += " · " + source_line(answers[column]);
    }
  }
  return page;
}

}  // namespace qkv::evaluate
