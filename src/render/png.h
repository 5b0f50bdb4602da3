#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace qkv::render {

/// A PNG of 8-bit RGB pixels (W3C Recommendation "Portable Network Graphics", 2003). `pixels` has
/// `height` rows of `stride` 32-bit words 0x00RRGGBB, as Cairo's CAIRO_FORMAT_RGB24. Throws Error
/// (Fault::kRun) or std::bad_alloc if there is not enough memory.
///
/// Cairo's own writer tries five filters on each row and spends half of a picture's time on it. In
/// a page of flat colours, most rows equal the row above, which one filter expresses.
std::string encode_png(const std::uint32_t* pixels, std::size_t stride, std::uint32_t width,
                       std::uint32_t height);

/// An animated PNG of frames of one size, which repeats without end ("Portable Network Graphics,
/// third edition", W3C 2025, sections 4.9 and 11.3.6). A program that does not know animations
/// shows the first frame. Each frame is compressed as soon as it is added.
class AnimatedPng {
 public:
  /// Shows these pixels, as those of encode_png, for so many milliseconds, at most 65,535. Throws
  /// as encode_png. REQUIRES the size of the first frame.
  void add(const std::uint32_t* pixels, std::size_t stride, std::uint32_t width,
           std::uint32_t height, std::uint16_t milliseconds);

  /// The file. REQUIRES a frame.
  std::string finish() const;

 private:
  std::uint32_t width_ = 0;
  std::uint32_t height_ = 0;
  std::uint32_t frames_ = 0;
  std::uint32_t chunks_ = 0;  ///< that are numbered
  std::string body_;
};

}  // namespace qkv::render
