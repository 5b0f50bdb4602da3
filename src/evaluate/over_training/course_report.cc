#include "evaluate/over_training/course_report.h"

#include <algorithm>
#include <cmath>

#include "base/format.h"
#include "base/json.h"
#include "base/table.h"
#include "base/utf8.h"
#include "evaluate/cells.h"

namespace qkv::evaluate {
namespace {

/// The mean over the families at each snapshot.
std::vector<double> mean_accuracy(const Course& course) {
  std::vector<double> means(course.steps.size());
  for (const Course::Family& family : course.families) {
    for (std::size_t at = 0; at < means.size(); ++at)
      means[at] += family.accuracy[at] / static_cast<double>(course.families.size());
  }
  return means;
}

std::string step_table(const Course& course) {
  std::vector<std::string> header = {"step", "loss"};
  if (!course.families.empty()) header.emplace_back("probes");
  if (!course.heads.empty()) {
    for (const char* name : {"previous", "duplicate", "induction", "first", "entropy"})
      header.emplace_back(name);
  }
  base::Table table(header);
  const std::vector<double> probes = mean_accuracy(course);
  for (std::size_t at = 0; at < course.steps.size(); ++at) {
    std::vector<std::string> row = {base::with_commas(static_cast<std::uint64_t>(course.steps[at])),
                                    base::fixed(course.loss[at], 4)};
    if (!course.families.empty()) row.push_back(percent_cell(probes[at]));
    if (!course.heads.empty()) {
      for (const HeadMeasure& measure : kHeadMeasures)
        row.push_back(number_cell(highest_head(course, measure)[at], 2));
    }
    table.add(row);
  }
  return table.text();
}

/// When something that changed by at least a tenth went half of its way.
std::string change_table(const Course& course) {
  base::Table table({"", "first", "last", "half way at step"});
  const auto add = [&](const std::string& name, const std::vector<double>& values) {
    constexpr double kLeast = 0.1;
    const bool changed = std::abs(values.back() - values.front()) >= kLeast;
    table.add({name, number_cell(values.front(), 2), number_cell(values.back(), 2),
               changed
                   ? base::with_commas(static_cast<std::uint64_t>(half_way(course.steps, values)))
                   : kNoCell});
  };
  for (const Course::Family& family : course.families) add(family.name, family.accuracy);
  if (!course.heads.empty()) {
    for (const HeadMeasure& measure : kHeadMeasures)
      add(measure.title, highest_head(course, measure));
  }
  return table.text();
}

base::Json course_to_json(const Course& course) {
  base::Json json = {{"run", base::replace_invalid_utf8(course.run)},
                     {"steps", course.steps},
                     {"loss", course.loss}};
  for (const Course::Family& family : course.families)
    json["families"][family.name] = {{"guessing", family.guessing}, {"accuracy", family.accuracy}};
  if (course.heads.empty()) return json;
  const base::ArrayOf<double>& shape = course.heads.front().previous;
  for (std::size_t head = 0; head < shape.values.size(); ++head) {
    const auto in_layer = static_cast<std::size_t>(shape.shape[1]);
    base::Json one = {{"layer", head / in_layer}, {"head", head % in_layer}};
    for (const HeadMeasure& measure : kHeadMeasures)
      one[measure.key] = head_course(course, measure, head);
    json["heads"].push_back(std::move(one));
  }
  return json;
}

render::Chart step_chart(std::string title, std::string y_title) {
  render::Chart chart;
  chart.kind = render::ChartKind::kLines;
  chart.title = std::move(title);
  chart.x_title = "step";
  chart.y_title = std::move(y_title);
  chart.log_x = true;
  return chart;
}

/// Without the values that are not numbers.
void add_line(render::Chart& chart, const std::string& name, const Course& course,
              const std::vector<double>& values) {
  render::Series series{.name = name, .values = {}};
  for (std::size_t at = 0; at < values.size(); ++at) {
    if (!std::isfinite(values[at])) continue;
    series.x.push_back(static_cast<double>(course.steps[at]));
    series.values.push_back(values[at]);
  }
  if (!series.values.empty()) chart.series.push_back(std::move(series));
}

render::Chart family_chart(const std::vector<Course>& courses) {
  render::Chart chart = step_chart("Right answers by family of probes", "share of probes");
  chart.percent = true;
  for (std::size_t family = 0; family < courses.front().families.size(); ++family) {
    render::Series series{.name = courses.front().families[family].name, .values = {}};
    std::replace(series.name.begin(), series.name.end(), '_', ' ');
    for (std::size_t at = 0; at < courses.front().steps.size(); ++at) {
      std::vector<double> values;
      values.reserve(courses.size());
      for (const Course& course : courses) values.push_back(course.families[family].accuracy[at]);
      const auto [low, high] = std::minmax_element(values.begin(), values.end());
      double sum = 0;
      for (const double value : values) sum += value;
      series.x.push_back(static_cast<double>(courses.front().steps[at]));
      series.values.push_back(sum / static_cast<double>(values.size()));
      series.low.push_back(*low);
      series.high.push_back(*high);
    }
    if (courses.size() == 1) series.low = series.high = {};
    chart.series.push_back(std::move(series));
  }
  return chart;
}

/// Lines of all heads of one run, or of the strongest head of each of several runs.
render::Chart head_chart(const std::vector<Course>& courses, const HeadMeasure& measure) {
  std::string title = measure.title;
  title.front() = static_cast<char>(title.front() - 'a' + 'A');
  render::Chart chart =
      step_chart(title, std::string(measure.key) == "entropy" ? "share of the highest" : "weight");
  if (courses.size() > 1) {
    for (const Course& course : courses)
      add_line(chart, course.run, course, highest_head(course, measure));
    return chart;
  }
  const Course& course = courses.front();
  const base::ArrayOf<double>& shape = course.heads.front().previous;
  const auto in_layer = static_cast<std::size_t>(shape.shape[1]);
  for (std::size_t head = 0; head < shape.values.size(); ++head) {
    const inspect::HeadPlace place = {.layer = static_cast<std::int64_t>(head / in_layer),
                                      .head = static_cast<std::int64_t>(head % in_layer)};
    add_line(chart, head_cell(place), course, head_course(course, measure, head));
  }
  return chart;
}

}  // namespace

std::string course_text(const std::vector<Course>& courses) {
  std::string text;
  for (const Course& course : courses) {
    if (courses.size() > 1) text += (text.empty() ? "" : "\n") + base::printable(course.run) + "\n";
    text += step_table(course) + "\n" + change_table(course);
  }
  return text;
}

std::string course_json(const std::vector<Course>& courses) {
  base::Json json;
  for (const Course& course : courses) json["runs"].push_back(course_to_json(course));
  return base::printable_json(json) + "\n";
}

render::ChartPage course_plot(const std::vector<Course>& courses) {
  render::ChartPage page;
  page.title = "Over training";
  page.columns = 2;
  page.subtitle =
      courses.size() == 1
          ? base::printable(courses.front().run) + " · one line for each head"
          : base::concat(courses.size(), " runs · families: mean, lowest and highest · ",
                         "heads: the highest score of each run");
  render::Chart loss = step_chart("Validation loss", "nats per token");
  for (const Course& course : courses)
    add_line(loss, courses.size() == 1 ? "validation loss" : course.run, course, course.loss);
  page.panels.push_back(std::move(loss));
  if (!courses.front().families.empty()) page.panels.push_back(family_chart(courses));
  if (courses.front().heads.empty()) return page;
  for (const HeadMeasure& measure : kHeadMeasures) {
    render::Chart chart = head_chart(courses, measure);
    if (!chart.series.empty()) page.panels.push_back(std::move(chart));
  }
  return page;
}

}  // namespace qkv::evaluate
