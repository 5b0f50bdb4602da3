#pragma once

#include <cairo.h>

#include <cmath>
#include <cstdint>
#include <filesystem>

#include "render/colour_map.h"

namespace qkv::tests {

/// A PNG, read back with Cairo.
class Pixels {
 public:
  explicit Pixels(const std::filesystem::path& path)
      : surface_(cairo_image_surface_create_from_png(path.c_str())) {}
  ~Pixels() { cairo_surface_destroy(surface_); }
  Pixels(const Pixels&) = delete;
  Pixels& operator=(const Pixels&) = delete;

  int width() const { return cairo_image_surface_get_width(surface_); }
  int height() const { return cairo_image_surface_get_height(surface_); }
  /// 0xRRGGBB
  unsigned at(double x, double y) const {
    const unsigned char* row =
        cairo_image_surface_get_data(surface_) +
        static_cast<std::ptrdiff_t>(y) * cairo_image_surface_get_stride(surface_);
    return reinterpret_cast<const std::uint32_t*>(row)[static_cast<std::ptrdiff_t>(x)] & 0xFFFFFFU;
  }

 private:
  cairo_surface_t* surface_;
};

/// 0xRRGGBB
inline unsigned code(const render::Colour& colour) {
  const auto part = [](double value) { return static_cast<unsigned>(std::lround(value * 255)); };
  return part(colour.red) << 16U | part(colour.green) << 8U | part(colour.blue);
}

}  // namespace qkv::tests
