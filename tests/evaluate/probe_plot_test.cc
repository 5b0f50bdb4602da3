#include "evaluate/probes/probe_plot.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace qkv::evaluate {
namespace {

ProbeCount count_of(std::uint64_t correct, std::uint64_t probes, double guessing) {
  return {.probes = probes,
          .correct = correct,
          .unrestricted = 0,
          .chance = guessing * static_cast<double>(probes)};
}

Answers some_answers(const std::string& name) {
  Answers answers{.checkpoint = name,
                  .step = 7,
                  .causal = true,
                  .score = {},
                  .pairs = {},
                  .probes = {},
                  .findings = {}};
  const std::size_t open = 1'000'000;
  answers.probes = {{.family = "reference_meaning",
                     .count = count_of(5, 10, 0.5),
                     .bands = {{.least = 0, .most = 5, .count = count_of(4, 6, 0.5)},
                               {.least = 101, .most = open, .count = count_of(1, 4, 0.5)}}},
                    {.family = "copy",
                     .count = count_of(0, 10, 0.25),
                     .bands = {{.least = 0, .most = 5, .count = count_of(0, 2, 0.25)},
                               {.least = 6, .most = 10, .count = count_of(0, 8, 0.25)}}},
                    {.family = "order",
                     .count = count_of(200, 200, 0.5),
                     .bands = {{.least = 11, .most = 25, .count = count_of(200, 200, 0.5)}}}};
  return answers;
}

TEST(ProbePlot, ShowsAccuracyAndItsIntervalByFamily) {
  const render::ChartPage page = probe_plot({some_answers("runs/a")});
  EXPECT_EQ(page.subtitle, "runs/a · step 7 · error bars: 95% intervals");
  ASSERT_EQ(page.panels.size(), 2U);
  const render::Chart& chart = page.panels[0];
  EXPECT_EQ(chart.kind, render::ChartKind::kBars);
  EXPECT_EQ(chart.categories, (std::vector<std::string>{"reference meaning", "copy", "order"}));
  ASSERT_EQ(chart.series.size(), 1U);
  const render::Series& accuracy = chart.series[0];
  EXPECT_EQ(accuracy.name, "right answers");
  EXPECT_EQ(accuracy.values, (std::vector<double>{0.5, 0, 1}));
  // The roots q of (p − q)² = 1.96² q (1 − q) / n, found by bisection, with seven digits.
  const double low[] = {0.2365931, 0, 0.9811547};
  const double high[] = {0.7634069, 0.2775328, 1};
  for (std::size_t family = 0; family < 3; ++family) {
    EXPECT_NEAR(accuracy.low[family], low[family], 1e-6);
    EXPECT_NEAR(accuracy.high[family], high[family], 1e-6);
  }
  EXPECT_EQ(accuracy.levels, (std::vector<double>{0.5, 0.25, 0.5}));
  EXPECT_EQ(chart.levels_name, "guessing");
  EXPECT_FALSE(chart.reference);
}

TEST(ProbePlot, ShowsFamiliesOfSeveralBandsByDistance) {
  const render::Chart chart = probe_plot({some_answers("runs/a")}).panels[1];
  EXPECT_EQ(chart.kind, render::ChartKind::kLines);
  EXPECT_EQ(chart.categories, (std::vector<std::string>{"0 to 5", "6 to 10", "over 100"}));
  ASSERT_EQ(chart.series.size(), 2U);
  EXPECT_EQ(chart.series[0].name, "reference meaning");
  EXPECT_EQ(chart.series[0].x, (std::vector<double>{0, 2}));
  EXPECT_EQ(chart.series[0].values, (std::vector<double>{4.0 / 6, 1.0 / 4}));
  EXPECT_EQ(chart.series[1].x, (std::vector<double>{0, 1}));
  // Six probes at 1/2 and two at 1/4; then those of one family each.
  EXPECT_EQ(chart.reference->values, (std::vector<double>{3.5 / 8, 0.25, 0.5}));
}

TEST(ProbePlot, ShowsAllFamiliesWhereNoneHasSeveralBands) {
  Answers answers = some_answers("runs/a");
  answers.probes.erase(answers.probes.begin(), answers.probes.begin() + 2);
  const render::Chart chart = probe_plot({answers}).panels[1];
  ASSERT_EQ(chart.series.size(), 1U);
  EXPECT_EQ(chart.categories, (std::vector<std::string>{"11 to 25"}));
}

Share share_of(std::size_t probes, double share) {
  Share out;
  out.probes = probes;
  out.share = share;
  out.interval = {.low = share, .high = share};
  return out;
}

/// Attention and edges of each band, none of them measured in the last of the first family.
Answers looked_at(const std::string& name) {
  Answers answers = some_answers(name);
  answers.findings.emplace();
  for (const FamilyScore& family : answers.probes) {
    FamilyFindings& found = answers.findings->families.emplace_back();
    found.measured = 4;
    found.attention.share = share_of(2, 0.5);
    found.untrained_attention.share = share_of(2, 0.125);
    found.edges = share_of(4, 0.75);
    found.untrained_edges = share_of(4, 0.0625);
    for (const DistanceBand& band : family.bands)
      found.bands.push_back({band.least, share_of(4, 0.25), share_of(4, 0.75)});
  }
  answers.findings->families[0].bands.back() = {101, share_of(0, 0), share_of(2, 0.5)};
  return answers;
}

TEST(ProbePlot, ShowsAttentionAndEdgesByDistanceWhereTheyWereMeasured) {
  const render::ChartPage page = probe_plot({looked_at("runs/a")});
  ASSERT_EQ(page.panels.size(), 4U);
  const render::Chart& attention = page.panels[2];
  EXPECT_EQ(attention.title, "Best head looks at the evidence, by distance");
  EXPECT_FALSE(attention.reference);
  ASSERT_EQ(attention.series.size(), 2U);
  EXPECT_EQ(attention.series[0].x, (std::vector<double>{0}));
  EXPECT_EQ(attention.series[0].values, (std::vector<double>{0.25}));
  EXPECT_EQ(attention.series[1].values, (std::vector<double>{0.25, 0.25}));
  const render::Chart& edges = page.panels[3];
  EXPECT_EQ(edges.title, "Answer uses the evidence, by distance");
  EXPECT_EQ(edges.series[0].x, (std::vector<double>{0, 2}));
  EXPECT_EQ(edges.series[0].values, (std::vector<double>{0.75, 0.5}));
  Answers unmeasured = looked_at("runs/a");
  for (FamilyFindings& family : unmeasured.findings->families) {
    for (FamilyFindings::Band& band : family.bands) band.attention = share_of(0, 0);
  }
  EXPECT_EQ(probe_plot({unmeasured}).panels.size(), 3U);
  // A family of which nothing could be measured has no bands.
  Answers half = looked_at("runs/a");
  half.findings->families[0] = {};
  EXPECT_EQ(probe_plot({half}).panels[3].series.size(), 1U);
  // Next to one measured only for accuracy, only the common charts are drawn.
  EXPECT_EQ(probe_plot({looked_at("runs/a"), some_answers("runs/b")}).panels.size(), 4U);
}

TEST(ProbePlot, ComparesEachBarWithItsOwnChance) {
  const render::Chart chart = probe_plot({looked_at("runs/a")}).panels[0];
  ASSERT_EQ(chart.series.size(), 3U);
  EXPECT_EQ(chart.series[0].levels, (std::vector<double>{0.5, 0.25, 0.5}));
  EXPECT_EQ(chart.series[1].levels, std::vector<double>(3, 0.125));
  EXPECT_EQ(chart.series[2].levels, std::vector<double>(3, 0.0625));
  EXPECT_EQ(chart.levels_name, "by chance: guessing, or an untrained model");
}

TEST(ProbePlot, SetsTwoCheckpointsSideBySide) {
  const render::ChartPage page = probe_plot({some_answers("runs/a"), some_answers("runs/b")});
  EXPECT_EQ(page.columns, 2);
  ASSERT_EQ(page.panels.size(), 4U);
  EXPECT_EQ(page.panels[1].title, "By family of probes · runs/b · step 7");
  EXPECT_EQ(page.panels[2].title, "Right answers by distance · runs/a · step 7");
}

TEST(ProbePlot, RefusesWhatWasAskedNothing) {
  Answers silent = some_answers("runs/b");
  silent.probes.clear();
  try {
    probe_plot({some_answers("runs/a"), silent});
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(std::string(error.what()),
              "runs/b: found no probe that it can be asked, expected at least 1 to plot");
  }
}

}  // namespace
}  // namespace qkv::evaluate
