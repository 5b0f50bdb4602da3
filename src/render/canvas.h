#pragma once

#include <cairo.h>

#include <memory>
#include <string>

#include "render/picture_format.h"

namespace qkv::render {

/// A white page of width × height units (1/96 inch) to draw on, which becomes the bytes of a file.
/// The bytes depend only on what is drawn: they hold no time and no counter of the process.
class Canvas {
 public:
  /// A PNG has 2 pixels per unit, or 1 if it would be too large otherwise. Throws Error if it is
  /// still too large.
  Canvas(double width, double height, PictureFormat format, const std::string& title);
  Canvas(const Canvas&) = delete;  // the surface writes to bytes_
  Canvas& operator=(const Canvas&) = delete;

  /// Throws Error if a page of this size would be refused.
  static void require_size(double width, double height);

  cairo_t* context() const { return context_.get(); }

  /// Ends the page; nothing can be drawn after that. Throws Error (Fault::kRun) if Cairo failed.
  std::string finish();

 private:
  PictureFormat format_;
  std::string bytes_;
  std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)> surface_;
  std::unique_ptr<cairo_t, decltype(&cairo_destroy)> context_;
};

}  // namespace qkv::render
