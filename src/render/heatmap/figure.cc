#include "render/heatmap/figure.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "base/format.h"
#include "render/canvas.h"
#include "render/colour_map.h"
#include "render/heatmap/cells.h"
#include "render/heatmap/legend.h"
#include "render/label.h"

namespace qkv::render {
namespace {

void require_valid(const Heatmap& map, const std::string& name) {
  if (map.query_labels.empty() || map.key_labels.empty()) {
    throw base::Error(base::concat(name, ": found ", map.query_labels.size(), " query and ",
                                   map.key_labels.size(),
                                   " key labels, expected at least 1 token each"));
  }
  if (map.weights.size() != map.query_labels.size()) {
    throw base::Error(base::concat(name, ": found ", map.weights.size(),
                                   " rows of weights, expected ", map.query_labels.size(),
                                   ", one per query label"));
  }
  constexpr float kRounding = 1e-3F;  // for weights that were computed in 16 bits
  for (std::size_t row = 0; row < map.weights.size(); ++row) {
    const std::vector<float>& weights = map.weights[row];
    if (weights.size() != map.key_labels.size()) {
      throw base::Error(base::concat(name, ": found ", weights.size(), " weights in row ", row,
                                     ", expected ", map.key_labels.size(), ", one per key label"));
    }
    for (std::size_t column = 0; column < weights.size(); ++column) {
      const float weight = weights[column];
      const bool valid =
          map.has_sign ? std::isfinite(weight) : weight >= -kRounding && weight <= 1 + kRounding;
      if (valid) continue;  // false for NaN
      throw base::Error(base::concat(name, ": found the weight ", weight, " in row ", row,
                                     ", column ", column, ", expected a ",
                                     map.has_sign ? "finite number" : "number from 0 to 1"));
    }
  }
}

bool has_closed_cells(const Figure& figure) {
  return std::any_of(figure.maps.begin(), figure.maps.end(),
                     [](const Heatmap* map) { return map->causal && map->key_labels.size() > 1; });
}

double largest_open_weight(const Figure& figure, bool has_sign) {
  float largest = 0;
  for (const Heatmap* map : figure.maps) {
    if (map->has_sign != has_sign) continue;
    for (std::size_t row = 0; row < map->weights.size(); ++row) {
      const std::vector<float>& weights = map->weights[row];
      const std::size_t open = map->causal ? std::min(row + 1, weights.size()) : weights.size();
      for (std::size_t column = 0; column < open; ++column) {
        largest = std::max(largest, std::abs(weights[column]));
      }
    }
  }
  return has_sign ? largest : std::min(largest, 1.0F);
}

/// The colour bars of a figure: one for all maps of shares, one for all maps of signed values.
struct Legend {
  std::string name;
  Scale scale;
};

std::vector<Legend> legends_of(const Figure& figure) {
  std::vector<Legend> legends;
  for (const bool has_sign : {false, true}) {
    const auto map = std::find_if(figure.maps.begin(), figure.maps.end(),
                                  [&](const Heatmap* one) { return one->has_sign == has_sign; });
    if (map == figure.maps.end()) continue;
    legends.push_back({.name = printable((*map)->legend),
                       .scale = scale_for(largest_open_weight(figure, has_sign), has_sign)});
  }
  return legends;
}

const Scale& scale_of(const Heatmap& map, const std::vector<Legend>& legends) {
  return map.has_sign ? legends.back().scale : legends.front().scale;
}

/// Side by side from the layout's position on; the last one explains closed cells.
void draw_legends(cairo_t* context, const Text& text, const FigureLayout& layout,
                  const std::vector<Legend>& legends, bool closed) {
  cairo_translate(context, layout.legend.x, layout.legend.y);
  cairo_scale(context, layout.type, layout.type);
  for (const Legend& legend : legends) {
    const bool last = &legend == &legends.back();
    draw_legend(context, text, legend.name, legend.scale, closed && last);
    cairo_translate(context, legend_width(text, legend.name) + kLegendGap, 0);
  }
}

std::string shown(const std::string& label) { return printable(visible_label(label), 64); }

std::vector<double> widths(const std::vector<std::string>& labels, const Text& text) {
  std::vector<double> out;
  out.reserve(labels.size());
  for (const std::string& label : labels) out.push_back(text.width(shown(label)));
  return out;
}

void draw_labels(cairo_t* context, const Text& text, const std::vector<std::string>& labels,
                 const std::vector<LabelBox>& boxes, double font, Text::Align align) {
  for (std::size_t index = 0; index < boxes.size(); ++index) {
    // The box was made for this width; rounding must not shorten the text to an ellipsis.
    LabelBox box = boxes[index];
    box.width += 0.5;
    text.draw(context, shown(labels[index]), box, {font, kInk}, align);
  }
}

void draw_header(cairo_t* context, const Text& text, const Figure& figure,
                 const FigureLayout& layout) {
  text.draw(context, printable(figure.title), layout.title, {kTitleFont * layout.type, kInk, true},
            Text::Align::kLeft);
  text.draw(context, printable(figure.subtitle), layout.subtitle,
            {kSubtitleFont * layout.type, kGrey}, Text::Align::kLeft);
}

void draw_captions(cairo_t* context, const Text& text, const FigureLayout& layout) {
  const Text::Style style = {kCaptionFont * layout.type, kGrey};
  const std::string to = "To (key)";
  const std::string from = "From (query)";
  // A map of one token is lower than its caption.
  Rect top = layout.key_caption;
  top.width = std::max(top.width, text.width(to) * style.font + 2);
  text.draw(context, to, top, style, Text::Align::kCentre);
  const Rect& left = layout.query_caption;
  const double length = std::max(left.height, text.width(from) * style.font + 2);
  const Point start = {left.x + left.width / 2, left.y + left.height / 2 + length / 2};
  text.draw(context, from, LabelBox{start, length, left.width, -std::numbers::pi / 2}, style,
            Text::Align::kCentre);
}

}  // namespace

void require_drawable(const Figure& figure) {
  if (figure.maps.empty())
    throw base::Error("the picture: found no attention map, expected at least 1");
  if (figure.columns < 1) {
    throw base::Error(
        base::concat("the picture: found ", figure.columns, " columns, expected at least 1"));
  }
  std::size_t tokens = 0;
  for (const Heatmap* map : figure.maps) {
    require_valid(*map, map->title.empty() ? "attention map" : printable(map->title));
    tokens = std::max({tokens, map->query_labels.size(), map->key_labels.size()});
  }
  // Before time is spent on measuring the labels of a map that is too large anyway.
  require_size(tokens, figure.maps.size(), figure.columns, figure.is_grid);
}

void require_size(std::size_t tokens, std::size_t maps, int columns, bool is_grid) {
  const double cell = is_grid ? 1 : kSmallestLabelledCell;
  const auto across = std::min(static_cast<std::size_t>(columns), maps);
  const auto rows = (maps + across - 1) / across;
  Canvas::require_size(cell * static_cast<double>(tokens * across),
                       cell * static_cast<double>(tokens * rows));
}

void require_fits(const Figure& figure, const Text& text) {
  require_drawable(figure);
  const FigureLayout layout = lay_out(figure, text);
  Canvas::require_size(layout.width, layout.height);
}

FigureLayout lay_out(const Figure& figure, const Text& text) {
  FigureContent content;
  const Heatmap& first = *figure.maps.front();
  content.shared_labels =
      std::all_of(figure.maps.begin(), figure.maps.end(), [&](const Heatmap* map) {
        return map->query_labels == first.query_labels && map->key_labels == first.key_labels;
      });
  for (const Heatmap* map : figure.maps) {
    if (content.shared_labels && !content.maps.empty()) {
      content.maps.push_back(content.maps.front());
    } else {
      content.maps.push_back({widths(map->query_labels, text), widths(map->key_labels, text)});
    }
  }
  content.columns = figure.columns;
  content.is_grid = figure.is_grid;
  content.has_sign = std::any_of(figure.maps.begin(), figure.maps.end(),
                                 [](const Heatmap* map) { return map->has_sign; });
  content.subtitle = !figure.subtitle.empty();
  content.header_width = 2 + std::max(text.width(printable(figure.title), true) * kTitleFont,
                                      text.width(printable(figure.subtitle)) * kSubtitleFont);
  for (const Legend& legend : legends_of(figure)) {
    content.legend_width +=
        (content.legend_width > 0 ? kLegendGap : 0) + legend_width(text, legend.name);
  }
  if (has_closed_cells(figure)) content.legend_width += closed_width(text);
  return lay_out(content);
}

std::string draw(const Figure& figure, PictureFormat format) {
  require_drawable(figure);
  const Text& text = Text::of_this_thread();
  const FigureLayout layout = lay_out(figure, text);
  const std::vector<Legend> legends = legends_of(figure);
  Canvas canvas(layout.width, layout.height, format, printable(figure.title));
  cairo_t* context = canvas.context();

  draw_header(context, text, figure, layout);
  draw_captions(context, text, layout);
  for (std::size_t index = 0; index < figure.maps.size(); ++index) {
    const Heatmap& map = *figure.maps[index];
    const MapLayout& place = layout.maps[index];
    draw_cells(context, text, map, place.cells, layout.number_font, scale_of(map, legends));
    draw_labels(context, text, map.query_labels, place.query_labels, layout.label_font,
                Text::Align::kRight);
    draw_labels(context, text, map.key_labels, place.key_labels, layout.label_font,
                Text::Align::kLeft);
    if (figure.is_grid) {
      text.draw(context, printable(map.title), place.title, {kMapTitleFont * layout.type, kInk},
                Text::Align::kLeft);
    }
  }
  draw_legends(context, text, layout, legends, has_closed_cells(figure));
  return canvas.finish();
}

}  // namespace qkv::render
