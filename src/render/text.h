#pragma once

#include <cairo.h>

#include <memory>
#include <string>

#include "render/colour_map.h"
#include "render/layout.h"

namespace qkv::render {

/// Writes lines of text of any script with Pango. Each Text has fonts of its own, so several
/// threads may draw at once, each with its own.
class Text {
 public:
  enum class Align { kLeft, kCentre, kRight };

  struct Style {
    double font = kCaptionFont;  ///< size
    Colour colour = kInk;
    bool bold = false;
  };

  /// Throws Error where no font is installed.
  Text();
  ~Text();
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;

  /// The width of a line in em (multiples of the font's size).
  double width(const std::string& line, bool bold = false) const;

  /// Writes a line inside `box`, ellipsised where it is too long, and smaller where a script's
  /// characters are taller than the box. Where no font has a character a box is drawn, and once a
  /// warning names the package with one.
  void draw(cairo_t* context, const std::string& line, const LabelBox& box, const Style& style,
            Align align) const;
  void draw(cairo_t* context, const std::string& line, const Rect& box, const Style& style,
            Align align) const;

 private:
  struct Fonts;
  std::unique_ptr<Fonts> fonts_;
};

}  // namespace qkv::render
