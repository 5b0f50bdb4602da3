#include "evaluate/over_training/course.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "checkpoint/safetensors.h"
#include "evaluate/over_training/course_report.h"
#include "scratch.h"

namespace qkv::evaluate {
namespace {

using tests::Scratch;
using Steps = std::vector<std::int64_t>;

inspect::HeadScores scores_of(double previous, double induction) {
  const auto of = [](double first) { return base::ArrayOf<double>({1, 2}, {first, 0.25}); };
  return {.previous = of(previous),
          .duplicate = of(0),
          .induction = of(induction),
          .first_token = of(0),
          .entropy = of(0.5),
          .distance = of(3)};
}

/// Three snapshots of one layer with two heads: the first head comes to look at what followed the
/// same token.
Course hand_made_course(const std::string& name) {
  return {.run = name,
          .steps = {0, 1, 1000},
          .loss = {4, 3.5, 1},
          .families = {{.name = "who_bit", .guessing = 0.5, .accuracy = {0.5, 0.25, 1}}},
          .heads = {scores_of(0.5, 0), scores_of(0.125, 0.375), scores_of(0.25, 0.75)}};
}

TEST(Course, IsHalfWayWhereHalfOfTheChangeIsMade) {
  const Steps steps = {0, 1, 2, 4, 8};
  EXPECT_EQ(half_way(steps, {0, 0.1, 0.4, 0.5, 1}), 4);
  EXPECT_EQ(half_way(steps, {4, 3.9, 1, 2, 1}), 2);
  // The other direction is no way.
  EXPECT_EQ(half_way(steps, {0.5, 0, 0.6, 0.7, 1}), 8);
  EXPECT_EQ(half_way(steps, {1, 2, 3, 0, 1}), 0);
}

TEST(Course, TheStrongestHeadIsThatOfEachSnapshot) {
  const Course course = hand_made_course("run");
  EXPECT_EQ(head_course(course, kHeadMeasures[0], 0), (std::vector<double>{0.5, 0.125, 0.25}));
  EXPECT_EQ(highest_head(course, kHeadMeasures[0]), (std::vector<double>{0.5, 0.25, 0.25}));
}

TEST(Course, TheFileHasOneListForEachMeasure) {
  const base::Json json =
      base::parse_json(course_json({hand_made_course("a"), hand_made_course("b")}), "json");
  ASSERT_EQ(json["runs"].size(), 2U);
  const base::Json& run = json["runs"][1];
  EXPECT_EQ(run["run"], "b");
  EXPECT_EQ(run["steps"], base::Json({0, 1, 1000}));
  EXPECT_EQ(run["loss"], base::Json({4.0, 3.5, 1.0}));
  EXPECT_EQ(run["families"]["who_bit"]["accuracy"], base::Json({0.5, 0.25, 1.0}));
  EXPECT_EQ(run["families"]["who_bit"]["guessing"], 0.5);
  ASSERT_EQ(run["heads"].size(), 2U);
  EXPECT_EQ(run["heads"][1]["head"], 1);
  EXPECT_EQ(run["heads"][0]["induction"], base::Json({0.0, 0.375, 0.75}));
}

TEST(Course, TheTextSaysWhenWhatAppeared) {
  const std::string text = course_text({hand_made_course("run")});
  EXPECT_NE(text.find("1,000  1.0000    100%      0.25       0.25       0.75"), std::string::npos)
      << text;
  EXPECT_NE(text.find("who_bit"), std::string::npos);
}

TEST(Course, ThePictureHasALineForEachHeadOrForEachRun) {
  const render::ChartPage one = course_plot({hand_made_course("a")});
  ASSERT_EQ(one.panels.size(), 7U);
  EXPECT_EQ(one.panels[0].series[0].x, (std::vector<double>{0, 1, 1000}));
  EXPECT_EQ(one.panels[1].series[0].name, "who bit");
  EXPECT_EQ(one.panels[4].series.size(), 2U);
  EXPECT_EQ(one.panels[4].series[1].name, "0.1");

  Course other = hand_made_course("b");
  other.families[0].accuracy = {0.5, 0.75, 1};
  const render::ChartPage two = course_plot({hand_made_course("a"), other});
  EXPECT_EQ(two.panels[0].series[1].name, "b");
  EXPECT_EQ(two.panels[1].series[0].values, (std::vector<double>{0.5, 0.5, 1}));
  EXPECT_EQ(two.panels[1].series[0].low, (std::vector<double>{0.5, 0.25, 1}));
  EXPECT_EQ(two.panels[4].series[0].values, (std::vector<double>{0.25, 0.375, 0.75}));
  const Scratch scratch;
  for (const auto& page : {one, two})
    EXPECT_NO_THROW(render::draw_charts(page, scratch / "course.png", render::PictureFormat::kPng));
}

TEST(Course, RunsAreComparedAtTheSameSteps) {
  const Scratch scratch;
  const auto run_of = [&](const char* name, const Steps& steps) {
    return SnapshotRun{
        .path = name, .snapshots = checkpoint::SnapshotFolder(scratch / name), .steps = steps};
  };
  EXPECT_NO_THROW(require_same_steps({run_of("a", {0, 1}), run_of("b", {0, 1})}));
  EXPECT_THROW(require_same_steps({run_of("a", {0, 1}), run_of("b", {0, 2})}), base::Error);
}

}  // namespace
}  // namespace qkv::evaluate
