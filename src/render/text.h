#pragma once

#include <cairo.h>

#include <memory>
#include <string>

#include "render/box.h"
#include "render/colour_map.h"

namespace qkv::render {

/// Writes lines of text of any script with Pango. Each Text has its own fonts, so several threads
/// may draw at once, each with its own Text.
class Text {
 public:
  enum class Align { kLeft, kCentre, kRight };

  struct Style {
    double font = kCaptionFont;  ///< size
    Colour colour = kInk;
    bool bold = false;
  };

  /// Throws Error if no font is installed.
  Text();
  ~Text();
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;

  /// The one of this thread, made when it is first needed: finding its fonts takes longer than
  /// drawing all labels of a picture. What was drawn before changes no width and no drawing.
  /// Throws as Text().
  static const Text& of_this_thread();

  /// The width of a line in em (multiples of the font size).
  double width(const std::string& line, bool bold = false) const;

  /// Writes a line inside `box`. A line that is too long is shortened with an ellipsis, and a line
  /// is smaller if its script's characters are higher than the box. If no font has a character, a
  /// box is drawn, and one warning names a package with such a font.
  void draw(cairo_t* context, const std::string& line, const LabelBox& box, const Style& style,
            Align align) const;
  void draw(cairo_t* context, const std::string& line, const Rect& box, const Style& style,
            Align align) const;

 private:
  struct Fonts;
  std::unique_ptr<Fonts> fonts_;
};

}  // namespace qkv::render
