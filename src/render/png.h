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

}  // namespace qkv::render
