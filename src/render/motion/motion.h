#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "render/box.h"
#include "render/picture_format.h"

namespace qkv::render {

/// A row of the left panel: the point's places on an axis from one landmark at −1 to another at 1.
struct MotionRow {
  std::string label;
  std::vector<double> frames;      ///< [frame]
  std::vector<double> companions;  ///< the places of fixed points of both groups, [companion]
};

/// A word of the text, and the frame from which it is there.
struct MotionWord {
  std::string word;
  std::size_t from = 0;
  bool strong = false;  ///< the one that moves
};

/// A point that moves as a text grows, among fixed companions of two groups: in one dimension at
/// several depths, and in a plane.
struct Motion {
  std::string title;
  std::string subtitle;
  std::vector<std::string> groups;  ///< the names of the two groups, whose means are at −1 and 1
  std::vector<MotionWord> words;    ///< in the order of the text
  std::vector<std::size_t> group_of;  ///< 0 or 1, of each companion
  std::string axis_title;
  std::vector<MotionRow> rows;
  std::string plane_title;
  std::string x_title;
  std::string y_title;
  std::vector<Point> frames;      ///< in the plane, [frame]
  std::vector<Point> companions;  ///< [companion]
};

/// Draws it: as a PNG, an animation with a frame for each word that is added; as SVG and PDF, the
/// last frame. Every frame shows the way so far. Equal input gives equal bytes. Throws Error if
/// there is no frame, no row or not two groups, lengths differ, a number is not finite, no font is
/// installed, the picture would be too large or the file cannot be written.
void draw_motion(const Motion& motion, const std::filesystem::path& path, PictureFormat format);

/// Throws Error if a picture of so many rows and words would be too large.
void require_motion_fits(std::size_t rows, std::size_t words);

}  // namespace qkv::render
