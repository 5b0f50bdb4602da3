#include "render/motion/motion.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/error.h"
#include "base/files.h"
#include "render/pixels.h"
#include "scratch.h"

namespace qkv::render {
namespace {

Motion some_motion() {
  return {.title = "How “bank” moves",
          .subtitle = "runs/world · step 2000",
          .groups = {"river", "money"},
          .words = {{"the", 2}, {"old", 1}, {"bank", 0, true}},
          .group_of = {0, 1},
          .axis_title = "axis",
          .rows = {{"embedding", {0, 0, 0}, {0, 0}}, {"after layer 0", {-0.2, 0.4, 1}, {-1, 1.2}}},
          .plane_title = "plane",
          .x_title = "component 1",
          .y_title = "component 2",
          .frames = {{0, 0}, {1, 0.5}, {2, 1}},
          .companions = {{-2, 0}, {2, -1}}};
}

TEST(Motion, IsAnAnimationWithAFrameForEachWord) {
  const tests::Scratch scratch;
  for (const char* name : {"a.png", "b.png", "a.svg", "b.svg"})
    draw_motion(some_motion(), scratch / name, picture_format(name));
  const std::string png = base::read_file(scratch / "a.png");
  EXPECT_EQ(png, base::read_file(scratch / "b.png"));
  EXPECT_EQ(base::read_file(scratch / "a.svg"), base::read_file(scratch / "b.svg"));
  std::size_t frames = 0;
  for (std::size_t at = png.find("fcTL"); at != std::string::npos; at = png.find("fcTL", at + 1))
    ++frames;
  EXPECT_EQ(frames, 3U);
  EXPECT_EQ(tests::Pixels(scratch / "a.png").width(), 1800);
}

TEST(Motion, RefusesWhatCannotBeDrawn) {
  const tests::Scratch scratch;
  const auto refuses = [&](const Motion& motion) {
    EXPECT_THROW(draw_motion(motion, scratch / "x.png", PictureFormat::kPng), base::Error);
    EXPECT_FALSE(std::filesystem::exists(scratch / "x.png"));
  };
  Motion motion = some_motion();
  motion.frames.clear();
  refuses(motion);
  motion = some_motion();
  motion.rows[1].frames.pop_back();
  refuses(motion);
  motion = some_motion();
  motion.rows[0].companions[1] = std::numeric_limits<double>::infinity();
  refuses(motion);
  motion = some_motion();
  motion.frames[2].y = std::numeric_limits<double>::quiet_NaN();
  refuses(motion);
  motion = some_motion();
  motion.groups.pop_back();
  refuses(motion);
  EXPECT_THROW(require_motion_fits(1000, 10), base::Error);
  EXPECT_NO_THROW(require_motion_fits(13, 1000));
}

}  // namespace
}  // namespace qkv::render
