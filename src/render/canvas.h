#pragma once

#include <cairo.h>

#include <memory>
#include <string>

#include "render/picture_format.h"

namespace qkv::render {

/// A white page of width × height units (1/96 inch) to draw on, that becomes the bytes of a file.
/// The bytes depend on what is drawn alone: they hold no time, and no counter of the process.
class Canvas {
 public:
  /// A PNG has 2 pixels to a unit, or 1 where it would grow too large. Throws Error where even that
  /// is too large.
  Canvas(double width, double height, PictureFormat format, const std::string& title);
  Canvas(const Canvas&) = delete;  // the surface writes to bytes_
  Canvas& operator=(const Canvas&) = delete;

  /// Throws Error where a page of this size would be refused.
  static void require_size(double width, double height);

  cairo_t* context() const { return context_.get(); }

  /// Ends the page; nothing can be drawn after it. Throws Error (Fault::kRun) where Cairo failed.
  std::string finish();

 private:
  PictureFormat format_;
  std::string bytes_;
  std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)> surface_;
  std::unique_ptr<cairo_t, decltype(&cairo_destroy)> context_;
};

}  // namespace qkv::render
