#pragma once

#include <cairo.h>

#include <cstdint>
#include <memory>
#include <string>

#include "render/picture_format.h"
#include "render/png.h"

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

  /// Ends the page as a frame of an animation. Throws as AnimatedPng::add. REQUIRES a PNG.
  void finish_frame(AnimatedPng& animation, std::uint16_t milliseconds);

 private:
  /// The pixels of a PNG, as encode_png reads them.
  struct Pixels {
    const std::uint32_t* data;
    std::size_t stride;
    std::uint32_t width;
    std::uint32_t height;
  };
  Pixels end_drawing();

  PictureFormat format_;
  std::string bytes_;
  std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)> surface_;
  std::unique_ptr<cairo_t, decltype(&cairo_destroy)> context_;
};

}  // namespace qkv::render
