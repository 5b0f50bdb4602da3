#include "render/canvas.h"

#include <cairo-pdf.h>
#include <cairo-svg.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <exception>

#include "base/error.h"
#include "base/format.h"
#include "render/svg_ids.h"

namespace qkv::render {
namespace {

constexpr double kLargestSide = 16000;   // Cairo's own limit is 32767
constexpr double kMostPixels = 100e6;    // 400 MB
constexpr double kPointsToAUnit = 0.75;  // 72 points, 96 units to an inch

cairo_status_t append(void* bytes, const unsigned char* data, unsigned int size) {
  try {
    static_cast<std::string*>(bytes)->append(reinterpret_cast<const char*>(data), size);
    return CAIRO_STATUS_SUCCESS;
  } catch (const std::exception&) {
    return CAIRO_STATUS_NO_MEMORY;  // no exception may pass through Cairo
  }
}

void require_success(cairo_status_t status) {
  if (status == CAIRO_STATUS_SUCCESS) return;
  throw base::Error(base::concat("cannot draw a picture: ", cairo_status_to_string(status)),
                    base::Error::Fault::kRun);
}

double png_scale(double width, double height) {
  const bool fits =
      2 * std::max(width, height) <= kLargestSide && 4 * width * height <= kMostPixels;
  return fits ? 2 : 1;
}

cairo_surface_t* new_surface(double width, double height, PictureFormat format,
                             std::string* bytes) {
  switch (format) {
    case PictureFormat::kSvg: {
      cairo_surface_t* surface = cairo_svg_surface_create_for_stream(append, bytes, width, height);
      cairo_svg_surface_set_document_unit(surface, CAIRO_SVG_UNIT_PX);
      return surface;
    }
    case PictureFormat::kPdf:
      return cairo_pdf_surface_create_for_stream(append, bytes, width * kPointsToAUnit,
                                                 height * kPointsToAUnit);
    case PictureFormat::kPng:
      break;
  }
  const double scale = png_scale(width, height);
  return cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(std::ceil(width * scale)),
                                    static_cast<int>(std::ceil(height * scale)));
}

}  // namespace

void Canvas::require_size(double width, double height) {
  if (std::max(width, height) <= kLargestSide && width * height <= kMostPixels) return;
  throw base::Error(base::concat("the picture is too large: found ",
                                 base::with_commas(static_cast<std::uint64_t>(width)), " × ",
                                 base::with_commas(static_cast<std::uint64_t>(height)),
                                 " pixels, expected at most 16,000 a side and 100 million in all; "
                                 "draw fewer tokens, heads or categories"));
}

Canvas::Canvas(double width, double height, PictureFormat format, const std::string& title)
    : format_(format), surface_(nullptr, cairo_surface_destroy), context_(nullptr, cairo_destroy) {
  require_size(width, height);
  surface_.reset(new_surface(width, height, format, &bytes_));
  require_success(cairo_surface_status(surface_.get()));
  if (format == PictureFormat::kPdf) {
    cairo_pdf_surface_set_metadata(surface_.get(), CAIRO_PDF_METADATA_TITLE, title.c_str());
    // Otherwise, it would be the time of drawing.
    cairo_pdf_surface_set_metadata(surface_.get(), CAIRO_PDF_METADATA_CREATE_DATE,
                                   "2000-01-01T00:00:00Z");
  }
  context_.reset(cairo_create(surface_.get()));
  if (format == PictureFormat::kPdf) cairo_scale(context(), kPointsToAUnit, kPointsToAUnit);
  if (format == PictureFormat::kPng) {
    const double scale = png_scale(width, height);
    cairo_scale(context(), scale, scale);
  }
  cairo_set_source_rgb(context(), 1, 1, 1);
  cairo_rectangle(context(), 0, 0, width, height);
  cairo_fill(context());
}

Canvas::Pixels Canvas::end_drawing() {
  require_success(cairo_status(context()));
  context_.reset();
  if (format_ != PictureFormat::kPng) return {};
  cairo_surface_flush(surface_.get());
  const auto stride = static_cast<std::size_t>(cairo_image_surface_get_stride(surface_.get()));
  return {reinterpret_cast<const std::uint32_t*>(cairo_image_surface_get_data(surface_.get())),
          stride / sizeof(std::uint32_t),
          static_cast<std::uint32_t>(cairo_image_surface_get_width(surface_.get())),
          static_cast<std::uint32_t>(cairo_image_surface_get_height(surface_.get()))};
}

std::string Canvas::finish() {
  const Pixels pixels = end_drawing();
  if (format_ == PictureFormat::kPng)
    bytes_ = encode_png(pixels.data, pixels.stride, pixels.width, pixels.height);
  cairo_surface_finish(surface_.get());
  require_success(cairo_surface_status(surface_.get()));
  return format_ == PictureFormat::kSvg ? renumber_svg_ids(bytes_) : std::move(bytes_);
}

void Canvas::finish_frame(AnimatedPng& animation, std::uint16_t milliseconds) {
  const Pixels pixels = end_drawing();
  animation.add(pixels.data, pixels.stride, pixels.width, pixels.height, milliseconds);
}

}  // namespace qkv::render
