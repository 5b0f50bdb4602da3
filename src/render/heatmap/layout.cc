#include "render/heatmap/layout.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace qkv::render {
namespace {

constexpr double kMargin = 24;
constexpr double kLabelGap = 5;       // between a label and its cells
constexpr double kLargestFont = 12;   // of a label
constexpr double kLongestLabel = 11;  // em; longer ones are shortened
constexpr double kNumberWidth = 2.3;  // em, of "0.00"
constexpr double kSignWidth = 0.6;    // em, of "−"

struct Size {
  double rows = 0;
  double columns = 0;
};

/// The most rows and the most columns of any map.
Size largest(const FigureContent& content) {
  Size size;
  for (const MapLabels& map : content.maps) {
    size.rows = std::max(size.rows, static_cast<double>(map.query_widths.size()));
    size.columns = std::max(size.columns, static_cast<double>(map.key_widths.size()));
  }
  return size;
}

/// Whether there are so few maps that each may be as large as a single one.
bool is_large(const FigureContent& content) { return !content.is_grid || content.maps.size() <= 2; }

double cell_of(const FigureContent& content, const Size& size) {
  const double tokens = std::max(size.rows, size.columns);
  if (!content.is_grid) {
    constexpr double kSide = 660;
    return std::clamp(std::floor(kSide / tokens), kSmallestLabelledCell, 46.0);
  }
  constexpr double kWidth = 1100;
  constexpr double kWidestLabelled = 2400;  // a grid may become this large to keep its labels
  const double across = tokens * content.columns;
  const double cell = std::clamp(std::floor(kWidth / across), 1.0, is_large(content) ? 40.0 : 22.0);
  const bool can_grow = across * kSmallestLabelledCell <= kWidestLabelled;
  return cell < kSmallestLabelledCell && can_grow ? kSmallestLabelledCell : cell;
}

double label_width(double em, double font) { return std::ceil(std::min(em, kLongestLabel) * font); }

double widest(const std::vector<double>& widths, double font) {
  double out = 0;
  for (const double em : widths) out = std::max(out, label_width(em, font));
  return out;
}

/// How much room the labels take outside the cells, and how the keys' labels are rotated.
struct LabelRoom {
  double left = 0;
  double top = 0;
  double right = 0;
  double angle = 0;
};

LabelRoom label_room(const FigureContent& content, double cell, double font) {
  double query = 0;
  double key = 0;
  for (const MapLabels& map : content.maps) {
    query = std::max(query, widest(map.query_widths, font));
    key = std::max(key, widest(map.key_widths, font));
  }
  const double height = font * kLine;
  LabelRoom room;
  room.left = query + kLabelGap;
  if (key <= cell - 2) {
    room.top = height + kLabelGap;
  } else if (height <= cell * std::numbers::sqrt2 / 2) {
    // Labels rotated by 45° are cell/√2 apart.
    room.angle = -std::numbers::pi / 4;
    room.top = (key + height / 2) * std::numbers::sqrt2 / 2 + kLabelGap + height / 4;
    room.right = std::max(0.0, (key + height / 2) * std::numbers::sqrt2 / 2 - cell / 2);
  } else {
    room.angle = -std::numbers::pi / 2;
    room.top = key + kLabelGap;
  }
  return room;
}

void place_query_labels(MapLayout& map, const MapLabels& labels, double cell, double font) {
  for (std::size_t row = 0; row < labels.query_widths.size(); ++row) {
    const double width = label_width(labels.query_widths[row], font);
    map.query_labels.push_back(
        {{map.cells.x - kLabelGap - width, map.cells.y + (static_cast<double>(row) + 0.5) * cell},
         width,
         font * kLine,
         0});
  }
}

void place_key_labels(MapLayout& map, const MapLabels& labels, double cell, double font,
                      double angle) {
  for (std::size_t column = 0; column < labels.key_widths.size(); ++column) {
    const double width = label_width(labels.key_widths[column], font);
    const double height = font * kLine;
    const double middle = map.cells.x + (static_cast<double>(column) + 0.5) * cell;
    // Rotated by 45°, the box's lower corner is nearer to the cells than its start.
    const double lift = angle == -std::numbers::pi / 4 ? height / 4 : 0;
    Point start = {middle, map.cells.y - kLabelGap - lift};
    if (angle == 0) start = {middle - width / 2, map.cells.y - kLabelGap - height / 2};
    map.key_labels.push_back({start, width, height, angle});
  }
}

}  // namespace

FigureLayout lay_out(const FigureContent& content) {
  const Size size = largest(content);
  FigureLayout out;
  out.cell = cell_of(content, size);
  const double cell = out.cell;
  const bool labelled = cell >= kSmallestLabelledCell;
  if (labelled) out.label_font = std::min(kLargestFont, std::floor(cell * 0.78 * 2) / 2);
  if (is_large(content)) {
    constexpr double kSmallestNumber = 7.5;
    const double em = kNumberWidth + (content.has_sign ? kSignWidth : 0);
    const double font = std::min(11.5, std::floor((cell - 4) / em * 2) / 2);
    out.number_font = font >= kSmallestNumber ? font : 0;
  }
  const LabelRoom room = labelled ? label_room(content, cell, out.label_font) : LabelRoom{};

  const auto count = static_cast<int>(content.maps.size());
  const int columns = std::min(content.columns, count);
  const bool own_labels = !content.shared_labels;
  const double gap = std::clamp(cell, 14.0, 22.0);
  // A large page is viewed from further away.
  const double across = columns * (size.columns * cell + gap);
  const double type = std::clamp(across / 1000, 1.0, 2.5);
  out.type = type;
  const double caption_line = (kCaptionFont * kLine + 8) * type;
  const double title_line = content.is_grid ? kMapTitleFont * kLine * type + 5 : 0;
  const double step_x = size.columns * cell + gap + (own_labels ? room.left + room.right : 0);
  const double step_y = size.rows * cell + gap + title_line + (own_labels ? room.top : 0);

  out.title = {kMargin, kMargin, 0, kTitleFont * kLine * type};
  double y = out.title.y + out.title.height;
  if (content.subtitle) {
    out.subtitle = {kMargin, y + 3, 0, kSubtitleFont * kLine * type};
    y = out.subtitle.y + out.subtitle.height;
  }
  y = std::ceil(y + 14);
  const double caption_y = y;
  y += caption_line + title_line + room.top;
  // Whole units, so that the edges of cells are on pixels.
  const Point first = {std::ceil(kMargin + caption_line + room.left), std::ceil(y)};

  double right = 0;
  double bottom = 0;
  for (int index = 0; index < count; ++index) {
    const int row = index / columns;
    const int column = index % columns;
    const MapLabels& labels = content.maps[static_cast<std::size_t>(index)];
    MapLayout map;
    map.cells = {std::round(first.x + column * step_x), std::round(first.y + row * step_y),
                 static_cast<double>(labels.key_widths.size()) * cell,
                 static_cast<double>(labels.query_widths.size()) * cell};
    const bool shows_queries = labelled && (own_labels || column == 0);
    const bool shows_keys = labelled && (own_labels || row == 0);
    if (shows_queries) place_query_labels(map, labels, cell, out.label_font);
    if (shows_keys) place_key_labels(map, labels, cell, out.label_font, room.angle);
    if (content.is_grid) {
      map.title = {map.cells.x, map.cells.y - title_line - (shows_keys ? room.top : 0),
                   size.columns * cell, kMapTitleFont * kLine * type};
    }
    right = std::max(right, map.cells.x + map.cells.width);
    bottom = std::max(bottom, map.cells.y + map.cells.height);
    out.maps.push_back(std::move(map));
  }

  out.key_caption = {first.x, caption_y, right - first.x, kCaptionFont * kLine * type};
  out.query_caption = {kMargin, first.y, kCaptionFont * kLine * type, bottom - first.y};
  constexpr double kWidestHeader = 620;
  const double body = std::max({right + room.right, first.x + content.legend_width * type,
                                kMargin + std::min(content.header_width, kWidestHeader) * type});
  out.title.width = out.subtitle.width = body - kMargin;
  out.legend = {first.x, bottom + 22 * type, content.legend_width, 3.2 * kLegendFont * kLine + 10};
  out.width = std::ceil(body + kMargin);
  out.height = std::ceil(out.legend.y + out.legend.height * type + kMargin - 6);
  return out;
}

}  // namespace qkv::render
