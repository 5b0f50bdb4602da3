#include "render/heatmap/cells.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "render/heatmap/legend.h"

namespace qkv::render {
namespace {

struct Grid {
  Rect cells;
  double cell = 0;
  std::size_t rows = 0;
  std::size_t columns = 0;
  bool causal = false;

  /// The number of keys that a query may attend to.
  std::size_t open(std::size_t row) const { return causal ? std::min(row + 1, columns) : columns; }
};

void draw_closed(cairo_t* context, const Grid& grid) {
  if (!grid.causal || grid.columns < 2) return;
  const Rect& cells = grid.cells;
  const double right = cells.x + cells.width;
  cairo_move_to(context, right, cells.y);
  for (std::size_t row = 0; row < grid.rows; ++row) {
    const double x = cells.x + static_cast<double>(grid.open(row)) * grid.cell;
    cairo_line_to(context, x, cells.y + static_cast<double>(row) * grid.cell);
    cairo_line_to(context, x, cells.y + static_cast<double>(row + 1) * grid.cell);
  }
  cairo_line_to(context, right, cells.y + cells.height);
  cairo_close_path(context);
  fill_closed(context, cells);
}

/// Few large cells: rectangles with a white line between them.
void draw_rectangles(cairo_t* context, const Heatmap& map, const Grid& grid, const Scale& scale) {
  constexpr double kLineWidth = 1;
  for (std::size_t row = 0; row < grid.rows; ++row) {
    const double height = grid.cell - (row + 1 < grid.rows ? kLineWidth : 0);
    for (std::size_t column = 0; column < grid.open(row); ++column) {
      const double width = grid.cell - (column + 1 < grid.columns ? kLineWidth : 0);
      const Colour colour = scale.colour(map.weights[row][column]);
      cairo_set_source_rgb(context, colour.red, colour.green, colour.blue);
      cairo_rectangle(context, grid.cells.x + static_cast<double>(column) * grid.cell,
                      grid.cells.y + static_cast<double>(row) * grid.cell, width, height);
      cairo_fill(context);
    }
  }
}

using Image = std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)>;

Image new_image(std::size_t width, std::size_t height) {
  Image image(cairo_image_surface_create(CAIRO_FORMAT_ARGB32, static_cast<int>(width),
                                         static_cast<int>(height)),
              cairo_surface_destroy);
  const cairo_status_t status = cairo_surface_status(image.get());
  if (status != CAIRO_STATUS_SUCCESS) {
    throw base::Error(base::concat("cannot draw a picture: ", cairo_status_to_string(status)),
                      base::Error::Fault::kRun);
  }
  return image;
}

/// One pixel per cell, transparent if the cell is closed.
Image cell_image(const Heatmap& map, const Grid& grid, const Scale& scale) {
  Image image = new_image(grid.columns, grid.rows);
  unsigned char* bytes = cairo_image_surface_get_data(image.get());
  const auto stride = static_cast<std::size_t>(cairo_image_surface_get_stride(image.get()));
  const auto part = [](double value) {
    return static_cast<std::uint32_t>(std::lround(value * 255));
  };
  for (std::size_t row = 0; row < grid.rows; ++row) {
    auto* pixels = reinterpret_cast<std::uint32_t*>(bytes + row * stride);
    for (std::size_t column = 0; column < grid.open(row); ++column) {
      const Colour colour = scale.colour(map.weights[row][column]);
      pixels[column] =
          0xFF000000U | part(colour.red) << 16U | part(colour.green) << 8U | part(colour.blue);
    }
  }
  cairo_surface_mark_dirty(image.get());
  return image;
}

/// Paints an image from (0, 0) on, each pixel a sharp square of `side`.
void paint_squares(cairo_t* context, cairo_surface_t* image, double side) {
  cairo_scale(context, side, side);
  cairo_set_source_surface(context, image, 0, 0);
  cairo_pattern_set_filter(cairo_get_source(context), CAIRO_FILTER_NEAREST);
  cairo_paint(context);
}

/// Many small cells: an image. Rectangles would show seams and make the SVG many megabytes large.
void draw_image(cairo_t* context, const Heatmap& map, const Grid& grid, const Scale& scale) {
  Image image = cell_image(map, grid, scale);
  double pixels = 1;  // along a cell's side
  if (cairo_surface_get_type(cairo_get_target(context)) != CAIRO_SURFACE_TYPE_IMAGE) {
    // Viewers of SVG and PDF smooth an enlarged image, so the image is drawn nearly at its final
    // size.
    pixels = std::min(8.0, 2 * grid.cell);
    const auto many = static_cast<std::size_t>(pixels);
    Image enlarged = new_image(grid.columns * many, grid.rows * many);
    cairo_t* enlarging = cairo_create(enlarged.get());
    paint_squares(enlarging, image.get(), pixels);
    cairo_destroy(enlarging);
    image = std::move(enlarged);
  }
  cairo_save(context);
  cairo_translate(context, grid.cells.x, grid.cells.y);
  paint_squares(context, image.get(), grid.cell / pixels);
  cairo_restore(context);
}

/// Signed values that would read 0.00 are left out, so that the others stand out.
std::string cell_number(float value, bool has_sign) {
  std::string digits = base::fixed(std::abs(value), 2);
  if (!has_sign) return digits;
  if (digits == "0.00") return "";
  return value < 0 ? "−" + digits : digits;
}

void draw_numbers(cairo_t* context, const Text& text, const Heatmap& map, const Grid& grid,
                  double font, const Scale& scale) {
  for (std::size_t row = 0; row < grid.rows; ++row) {
    for (std::size_t column = 0; column < grid.open(row); ++column) {
      const float weight = map.weights[row][column];
      const Rect box = {grid.cells.x + static_cast<double>(column) * grid.cell,
                        grid.cells.y + static_cast<double>(row) * grid.cell, grid.cell - 1,
                        grid.cell - 1};
      Text::Style style;
      style.font = font;
      style.colour = text_colour(scale.colour(weight));
      text.draw(context, cell_number(weight, map.has_sign), box, style, Text::Align::kCentre);
    }
  }
}

}  // namespace

void draw_cells(cairo_t* context, const Text& text, const Heatmap& map, const Rect& cells,
                double number_font, const Scale& scale) {
  constexpr double kSmallestRectangle = 12;
  Grid grid;
  grid.cells = cells;
  grid.rows = map.weights.size();
  grid.columns = map.weights.front().size();
  grid.cell = cells.width / static_cast<double>(grid.columns);
  grid.causal = map.causal;

  draw_closed(context, grid);
  if (grid.cell >= kSmallestRectangle) {
    draw_rectangles(context, map, grid, scale);
  } else {
    draw_image(context, map, grid, scale);
  }
  if (number_font > 0) draw_numbers(context, text, map, grid, number_font, scale);

  cairo_set_source_rgb(context, 0.6, 0.6, 0.63);
  cairo_set_line_width(context, 0.5);
  cairo_rectangle(context, cells.x - 0.25, cells.y - 0.25, cells.width + 0.5, cells.height + 0.5);
  cairo_stroke(context);
}

}  // namespace qkv::render
