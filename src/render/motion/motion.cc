#include "render/motion/motion.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "render/canvas.h"
#include "render/chart/palette.h"
#include "render/label.h"
#include "render/text.h"
#include "render/ticks.h"

namespace qkv::render {
namespace {

constexpr double kMotionMargin = 18;
constexpr double kMotionWidth = 900;
constexpr double kInside = kMotionWidth - 2 * kMotionMargin;
constexpr double kSentenceFont = 13;
constexpr double kSentenceLine = kSentenceFont * 1.45;
constexpr double kWordGap = 4.5;
constexpr double kPlaneGap = 34;
constexpr double kPanelTitle = kCaptionFont * kLine + 8;
constexpr double kLeastRow = 30;
constexpr double kMostRow = 120;
constexpr double kPlaneSide = 350;
constexpr double kRowLabels = 150;
constexpr double kAxisBelow = 40;  // the numbers and the title of an axis
constexpr double kMotionLegend = 26;
constexpr double kSmall = 3.2;  // the radius of a companion's marker
constexpr double kLarge = 7;
constexpr std::uint16_t kFrameTime = 450;  // milliseconds
constexpr std::uint16_t kLastFrameTime = 3000;

/// A linear map from numbers to places on the page.
struct LinearAxis {
  double low = 0;
  double high = 1;
  double begin = 0;
  double end = 1;

  double place(double value) const { return begin + (value - low) / (high - low) * (end - begin); }
};

struct Extent {
  double low;
  double high;

  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  /// With a margin on both sides.
  LinearAxis axis(double begin, double end) const {
    const double margin = high > low ? 0.06 * (high - low) : 1;
    return {low - margin, high + margin, begin, end};
  }
};

void require_drawable(const Motion& motion) {
  const std::size_t frames = motion.frames.size();
  const auto refuse = [](const std::string& what) { throw base::Error("a motion: " + what); };
  if (frames == 0 || motion.rows.empty() || motion.groups.size() != 2)
    refuse("found no frame, no row or not two groups, expected them");
  if (motion.companions.size() != motion.group_of.size())
    refuse("found another number of companions than of their groups, expected equally many");
  const auto require_finite = [&](double value) {
    if (!std::isfinite(value)) refuse(base::concat("found ", value, ", expected finite numbers"));
  };
  for (const MotionRow& row : motion.rows) {
    if (row.frames.size() != frames || row.companions.size() != motion.companions.size())
      refuse("found rows of different lengths, expected equal ones");
    std::ranges::for_each(row.frames, require_finite);
    std::ranges::for_each(row.companions, require_finite);
  }
  for (const auto* points : {&motion.frames, &motion.companions}) {
    for (const Point& point : *points) {
      require_finite(point.x);
      require_finite(point.y);
    }
  }
}

constexpr Colour kFaint = {0.80, 0.80, 0.82};
constexpr Colour kMoving = {0.835, 0.369, 0};  // vermillion, which no group has

/// The page, whose layout all frames share.
class MotionPage {
 public:
  MotionPage(const Motion& motion, const Text& text) : motion_(motion), text_(text) {
    lay_out_words();
    panels_top_ = words_bottom_ + 14;
    const double plane = kPlaneSide + kPanelTitle;
    const auto count = static_cast<double>(motion.rows.size());
    row_ = std::clamp(kPlaneSide / count, kLeastRow, kMostRow);
    const double rows = kPanelTitle + count * row_;
    panels_height_ = std::max(plane, rows) + kAxisBelow;
    const double left = kMotionMargin + kRowLabels + 10;
    const double middle = kMotionMargin + kInside - kPlaneSide - kPlaneGap;
    Extent along = {-1, 1};
    for (const MotionRow& row : motion.rows) {
      std::ranges::for_each(row.frames, [&](double value) { along.add(value); });
      std::ranges::for_each(row.companions, [&](double value) { along.add(value); });
    }
    along_ = along.axis(left, middle - 16);
    // Both axes of the plane have one scale: its distances are those of the vectors.
    Extent x = {motion.frames[0].x, motion.frames[0].x};
    Extent y = {motion.frames[0].y, motion.frames[0].y};
    for (const auto* points : {&motion.frames, &motion.companions}) {
      for (const Point& point : *points) {
        x.add(point.x);
        y.add(point.y);
      }
    }
    const double half = std::max({x.high - x.low, y.high - y.low, 1e-9}) / 2;
    const auto square = [&](Extent& extent) {
      const double centre = (extent.low + extent.high) / 2;
      extent = {centre - half, centre + half};
    };
    square(x);
    square(y);
    const double plane_top = panels_top_ + kPanelTitle;
    plane_x_ = x.axis(middle + kPlaneGap, kMotionMargin + kInside);
    plane_y_ = y.axis(plane_top + kPlaneSide, plane_top);
  }

  double height() const { return panels_top_ + panels_height_ + kMotionLegend + kMotionMargin; }

  void draw(cairo_t* context, std::size_t frame) const {
    draw_line(motion_.title, {kMotionMargin, kMotionMargin, kInside, kTitleFont * kLine},
              {kTitleFont, kInk, true}, Text::Align::kLeft, context);
    draw_line(
        motion_.subtitle,
        {kMotionMargin, kMotionMargin + kTitleFont * kLine + 2, kInside, kSubtitleFont * kLine},
        {kSubtitleFont, kGrey}, Text::Align::kLeft, context);
    for (std::size_t word = 0; word < motion_.words.size(); ++word) draw_word(context, word, frame);
    draw_rows(context, frame);
    draw_plane(context, frame);
    draw_legend_of_groups(context);
  }

 private:
  void draw_line(const std::string& line, const Rect& box, const Text::Style& style,
                 Text::Align align, cairo_t* context) const {
    text_.draw(context, printable(line), box, style, align);
  }

  void lay_out_words() {
    double x = kMotionMargin;
    double y = kMotionMargin + kTitleFont * kLine + kSubtitleFont * kLine + 14;
    for (const MotionWord& word : motion_.words) {
      const double width = std::min(
          kInside, std::ceil(text_.width(printable(word.word), word.strong) * kSentenceFont) + 2);
      if (x + width > kMotionMargin + kInside && x > kMotionMargin) {
        x = kMotionMargin;
        y += kSentenceLine;
      }
      word_boxes_.push_back({x, y, width, kSentenceLine});
      x += width + kWordGap;
    }
    words_bottom_ = y + kSentenceLine;
  }

  void draw_word(cairo_t* context, std::size_t index, std::size_t frame) const {
    const MotionWord& word = motion_.words[index];
    const bool is_new = word.from == frame;
    const Colour colour = word.strong || is_new ? kMoving : word.from < frame ? kInk : kFaint;
    draw_line(word.word, word_boxes_[index], {kSentenceFont, colour, word.strong},
              Text::Align::kLeft, context);
  }

  void draw_companion(cairo_t* context, std::size_t companion, const Point& at) const {
    const std::size_t group = motion_.group_of[companion];
    marker_path(context, group, at, kSmall);
    set_colour(context, series_colour(group), 0.75);
    cairo_fill(context);
  }

  void draw_moving(cairo_t* context, const Point& at) const {
    cairo_new_path(context);
    cairo_arc(context, at.x, at.y, kLarge, 0, 2 * M_PI);
    set_colour(context, kMoving);
    cairo_fill_preserve(context);
    cairo_set_source_rgb(context, 1, 1, 1);
    cairo_set_line_width(context, 1.5);
    cairo_stroke(context);
  }

  /// The way through the points of frames 0 to `frame`: paler where it is longer ago.
  template <typename Place>
  void draw_way(cairo_t* context, std::size_t frame, const Place& place) const {
    for (std::size_t step = 1; step <= frame; ++step) {
      const Point from = place(step - 1);
      const Point to = place(step);
      const double age = static_cast<double>(frame - step);
      cairo_move_to(context, from.x, from.y);
      cairo_line_to(context, to.x, to.y);
      set_colour(context, kMoving, std::max(0.18, 0.85 - 0.09 * age));
      cairo_set_line_width(context, 1.6);
      cairo_stroke(context);
    }
    draw_moving(context, place(frame));
  }

  void draw_rows(cairo_t* context, std::size_t frame) const {
    draw_line(motion_.axis_title,
              {kMotionMargin, panels_top_, plane_x_.begin - kPlaneGap - kMotionMargin,
               kCaptionFont * kLine},
              {kCaptionFont, kInk, true}, Text::Align::kLeft, context);
    const double top = panels_top_ + kPanelTitle;
    const double bottom = top + static_cast<double>(motion_.rows.size()) * row_;
    for (const double landmark : {-1.0, 1.0}) {
      const std::size_t group = landmark < 0 ? 0 : 1;
      const double x = std::round(along_.place(landmark));
      stroke_line(context, {x, top}, {x, bottom}, series_colour(group), 1.5);
      // Away from each other.
      constexpr double kRoom = 200;
      draw_line(base::concat("mean of “", motion_.groups[group], "”"),
                {group == 0 ? x - kRoom + 4 : x - 4, bottom + 4, kRoom, kLegendFont * kLine},
                {kLegendFont, outline_colour(series_colour(group)), true},
                group == 0 ? Text::Align::kRight : Text::Align::kLeft, context);
    }
    const double zero = std::round(along_.place(0));
    stroke_line(context, {zero, top}, {zero, bottom}, kFaint);
    for (std::size_t row = 0; row < motion_.rows.size(); ++row) {
      const MotionRow& values = motion_.rows[row];
      const double y = top + (static_cast<double>(row) + 0.5) * row_;
      stroke_line(context, {along_.begin, y}, {along_.end, y}, kFaint);
      draw_line(values.label, {kMotionMargin, y - row_ / 2, kRowLabels, row_},
                {kSubtitleFont, kInk}, Text::Align::kRight, context);
      for (std::size_t at = 0; at < values.companions.size(); ++at) {
        const double side = motion_.group_of[at] == 0 ? -9 : 9;
        draw_companion(context, at, {along_.place(values.companions[at]), y + side});
      }
      draw_way(context, frame, [&](std::size_t step) {
        return Point{along_.place(values.frames[step]), y};
      });
    }
  }

  void draw_plane(cairo_t* context, std::size_t frame) const {
    const Rect plot = {plane_x_.begin, plane_y_.end, kPlaneSide, kPlaneSide};
    draw_line(motion_.plane_title, {plot.x, panels_top_, kPlaneSide, kCaptionFont * kLine},
              {kCaptionFont, kInk, true}, Text::Align::kLeft, context);
    for (const Tick& tick : round_ticks(plane_x_.low, plane_x_.high, 6)) {
      if (tick.value < plane_x_.low || tick.value > plane_x_.high) continue;
      const double x = std::round(plane_x_.place(tick.value));
      stroke_line(context, {x, plot.y}, {x, plot.y + plot.height}, kFaint);
      draw_line(tick_text(tick.value, tick.decimals),
                {x - 30, plot.y + plot.height + 3, 60, kLegendFont * kLine}, {kLegendFont, kGrey},
                Text::Align::kCentre, context);
    }
    for (const Tick& tick : round_ticks(plane_y_.low, plane_y_.high, 6)) {
      if (tick.value < plane_y_.low || tick.value > plane_y_.high) continue;
      const double y = std::round(plane_y_.place(tick.value));
      stroke_line(context, {plot.x, y}, {plot.x + plot.width, y}, kFaint);
      draw_line(tick_text(tick.value, tick.decimals),
                {plot.x - 36, y - kLegendFont * kLine / 2, 32, kLegendFont * kLine},
                {kLegendFont, kGrey}, Text::Align::kRight, context);
    }
    draw_line(
        motion_.x_title + " · " + motion_.y_title,
        {plot.x, plot.y + plot.height + 5 + kLegendFont * kLine, kPlaneSide, kLegendFont * kLine},
        {kLegendFont, kGrey}, Text::Align::kCentre, context);
    const auto place = [&](const Point& point) {
      return Point{plane_x_.place(point.x), plane_y_.place(point.y)};
    };
    for (std::size_t at = 0; at < motion_.companions.size(); ++at)
      draw_companion(context, at, place(motion_.companions[at]));
    draw_way(context, frame, [&](std::size_t step) { return place(motion_.frames[step]); });
  }

  void draw_legend_of_groups(cairo_t* context) const {
    double x = kMotionMargin;
    const double y = panels_top_ + panels_height_ + kMotionLegend / 2;
    const auto entry = [&](const std::string& name) {
      const double width = std::ceil(text_.width(printable(name)) * kSubtitleFont) + 2;
      draw_line(name, {x + 14, y - kSubtitleFont * kLine / 2, width, kSubtitleFont * kLine},
                {kSubtitleFont, kInk}, Text::Align::kLeft, context);
      x += width + 40;
    };
    draw_moving(context, {x + 4, y});
    entry("this text");
    for (std::size_t group = 0; group < 2; ++group) {
      marker_path(context, group, {x + 6, y}, kSmall + 1);
      set_colour(context, series_colour(group), 0.9);
      cairo_fill(context);
      entry(base::concat("labelled sentences: ", motion_.groups[group]));
    }
  }

  const Motion& motion_;
  const Text& text_;
  std::vector<Rect> word_boxes_;
  double words_bottom_ = 0;
  double panels_top_ = 0;
  double panels_height_ = 0;
  double row_ = 0;  ///< the height of one
  LinearAxis along_;
  LinearAxis plane_x_;
  LinearAxis plane_y_;
};

}  // namespace

void require_motion_fits(std::size_t rows, std::size_t words) {
  constexpr double kShortLine = 4;  // words of a line, at least
  Canvas::require_size(kMotionWidth, 600 + static_cast<double>(rows) * kLeastRow +
                                         static_cast<double>(words) / kShortLine * kSentenceLine);
}

void draw_motion(const Motion& motion, const std::filesystem::path& path, PictureFormat format) {
  require_drawable(motion);
  const Text& text = Text::of_this_thread();
  const MotionPage page(motion, text);
  const auto on_canvas = [&](std::size_t frame, const auto& use) {
    Canvas canvas(kMotionWidth, std::ceil(page.height()), format, printable(motion.title));
    page.draw(canvas.context(), frame);
    use(canvas);
  };
  const std::size_t last = motion.frames.size() - 1;
  if (format != PictureFormat::kPng) {
    on_canvas(last, [&](Canvas& canvas) { base::write_file(path, canvas.finish()); });
    return;
  }
  AnimatedPng animation;
  for (std::size_t frame = 0; frame <= last; ++frame)
    on_canvas(frame, [&](Canvas& canvas) {
      canvas.finish_frame(animation, frame == last ? kLastFrameTime : kFrameTime);
    });
  base::write_file(path, animation.finish());
}

}  // namespace qkv::render
