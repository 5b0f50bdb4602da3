#include "render/text.h"

#include <fontconfig/fontconfig.h>
#include <pango/pangocairo.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "base/utf8.h"

namespace qkv::render {
namespace {

template <typename Object>
struct Unref {
  void operator()(Object* object) const { g_object_unref(object); }
};
template <typename Object>
using Owned = std::unique_ptr<Object, Unref<Object>>;

// Without any font, Pango would draw boxes or end the process.
void require_a_font() {
  FcPattern* any = FcPatternCreate();
  FcPatternAddBool(any, FC_SCALABLE, FcTrue);
  FcObjectSet* what = FcObjectSetBuild(FC_FAMILY, nullptr);
  FcFontSet* fonts = FcFontList(nullptr, any, what);
  const bool none = fonts == nullptr || fonts->nfont == 0;
  if (fonts != nullptr) FcFontSetDestroy(fonts);
  FcObjectSetDestroy(what);
  FcPatternDestroy(any);
  if (none) {
    throw base::Error(
        "cannot draw a picture: found no font, expected at least one; install one (on Debian: "
        "apt-get install fonts-dejavu-core)");
  }
}

constexpr std::array<const char*, 3> kFontPackages = {"fonts-noto-cjk", "fonts-noto-color-emoji",
                                                      "fonts-noto-core"};

/// Which of kFontPackages, packages of Debian, has a font for the character; nothing if it is in
/// private use or not assigned.
std::optional<std::size_t> font_package(char32_t code) {
  switch (g_unichar_get_script(code)) {
    case G_UNICODE_SCRIPT_HAN:
    case G_UNICODE_SCRIPT_HIRAGANA:
    case G_UNICODE_SCRIPT_KATAKANA:
    case G_UNICODE_SCRIPT_HANGUL:
    case G_UNICODE_SCRIPT_BOPOMOFO:
      return 0;
    case G_UNICODE_SCRIPT_COMMON:
      return code >= 0x1F000 ? 1 : 2;
    case G_UNICODE_SCRIPT_UNKNOWN:
      return std::nullopt;
    default:
      return 2;
  }
}

/// Warns that a box is drawn instead of the character; once per process for each package.
void warn_of_missing_font(char32_t code, const std::string& character) {
  static std::array<std::atomic_flag, kFontPackages.size()> warned;
  const std::optional<std::size_t> package = font_package(code);
  if (!package || warned[*package].test_and_set()) return;
  base::log::warning(
      base::concat("found no font for ", base::quoted(character),
                   ", so pictures show a box instead; install one (on Debian: apt-get "
                   "install ",
                   kFontPackages[*package], ")"));
}

}  // namespace

struct Text::Fonts {
  Owned<PangoFontMap> map;
  Owned<PangoContext> measuring;
  Owned<PangoContext> drawing;  // takes over the transformation of each drawing

  static Owned<PangoLayout> line(const Owned<PangoContext>& context, const std::string& text,
                                 double font, bool bold) {
    Owned<PangoLayout> layout(pango_layout_new(context.get()));
    PangoFontDescription* description = pango_font_description_from_string("DejaVu Sans, Sans");
    pango_font_description_set_absolute_size(description, font * PANGO_SCALE);
    if (bold) pango_font_description_set_weight(description, PANGO_WEIGHT_BOLD);
    pango_layout_set_font_description(layout.get(), description);
    pango_font_description_free(description);
    pango_layout_set_single_paragraph_mode(layout.get(), TRUE);
    pango_layout_set_text(layout.get(), text.data(), static_cast<int>(text.size()));
    return layout;
  }

  bool has(const std::string& character) const {
    constexpr double kAnySize = 12;
    return pango_layout_get_unknown_glyphs_count(
               line(measuring, character, kAnySize, false).get()) == 0;
  }

  void warn_of_missing(const std::string& text) const {
    for (std::size_t offset = 0; offset < text.size();) {
      const auto found = base::decode_utf8(text, offset);
      if (!found) return;
      const std::string character = text.substr(offset, found->size);
      if (!has(character)) warn_of_missing_font(found->code, character);
      offset += found->size;
    }
  }
};

Text::Text() {
  require_a_font();
  fonts_ = std::make_unique<Fonts>();
  // Not Pango's default font map, whose state is that of whatever else this thread has drawn.
  fonts_->map.reset(pango_cairo_font_map_new());
  // Without hinting, a line is equally wide at every scale, so one layout fits all formats.
  cairo_font_options_t* options = cairo_font_options_create();
  cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
  cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
  for (Owned<PangoContext>* context : {&fonts_->measuring, &fonts_->drawing}) {
    context->reset(pango_font_map_create_context(fonts_->map.get()));
    pango_cairo_context_set_font_options(context->get(), options);
    pango_context_set_round_glyph_positions(context->get(), FALSE);
  }
  cairo_font_options_destroy(options);
}

Text::~Text() = default;

const Text& Text::of_this_thread() {
  thread_local const Text text;
  return text;
}

double Text::width(const std::string& line, bool bold) const {
  constexpr double kSize =
      12;  // like most labels: the box of a missing character is wider at small sizes
  PangoRectangle logical{};
  pango_layout_get_extents(Fonts::line(fonts_->measuring, line, kSize, bold).get(), nullptr,
                           &logical);
  return static_cast<double>(logical.width) / PANGO_SCALE / kSize;
}

void Text::draw(cairo_t* context, const std::string& line, const LabelBox& box, const Style& style,
                Align align) const {
  if (line.empty()) return;
  cairo_save(context);
  cairo_translate(context, box.start.x, box.start.y);
  cairo_rotate(context, box.angle);
  cairo_set_source_rgb(context, style.colour.red, style.colour.green, style.colour.blue);

  const auto layout = Fonts::line(fonts_->drawing, line, style.font, style.bold);
  pango_cairo_update_layout(context, layout.get());
  PangoRectangle ink{};
  PangoRectangle logical{};
  pango_layout_get_extents(layout.get(), nullptr, &logical);
  const double wide = logical.width / (box.width * PANGO_SCALE);
  // The box of a missing character has its own size at each scale, so it is scaled to fit instead.
  const bool is_missing = pango_layout_get_unknown_glyphs_count(layout.get()) > 0;
  if (is_missing) fonts_->warn_of_missing(line);
  const bool fitted = wide <= 2 && is_missing;
  if (wide > 1 && !fitted) {
    pango_layout_set_width(layout.get(), static_cast<int>(box.width * PANGO_SCALE));
    pango_layout_set_ellipsize(layout.get(), PANGO_ELLIPSIZE_END);
  }
  // The extents of the line are relative to the start of its baseline, whatever its direction.
  PangoLayoutLine* shaped = pango_layout_get_line_readonly(layout.get(), 0);
  pango_layout_line_get_extents(shaped, &ink, &logical);
  constexpr double kSnap = 0.5;  // Cairo moves glyphs to whole pixels
  const double room = (box.height - kSnap) * PANGO_SCALE;
  const double shrink = std::min({1.0, room / std::max(ink.height, 1), fitted ? 1 / wide : 1.0});

  // The middle of a capital letter is in the box's middle, unless that moves ink out of the box.
  const double lowest = ink.y + ink.height - room / shrink / 2;
  const double highest = ink.y + room / shrink / 2;
  const double middle =
      std::clamp(-0.36 * style.font * PANGO_SCALE, lowest, std::max(lowest, highest));
  const double spare = box.width * PANGO_SCALE - logical.width * shrink;
  double left = 0;
  if (align == Align::kCentre) left = spare / 2;
  // Aligned with the ink: an ellipsis would leave a gap.
  if (align == Align::kRight) {
    left = box.width * PANGO_SCALE - (ink.x + ink.width - logical.x) * shrink;
  }
  cairo_translate(context, left / PANGO_SCALE, 0);
  cairo_scale(context, shrink, shrink);
  cairo_move_to(context, -static_cast<double>(logical.x) / PANGO_SCALE, -middle / PANGO_SCALE);
  pango_cairo_show_layout_line(context, shaped);
  cairo_restore(context);
}

void Text::draw(cairo_t* context, const std::string& line, const Rect& box, const Style& style,
                Align align) const {
  draw(context, line, LabelBox{{box.x, box.y + box.height / 2}, box.width, box.height, 0}, style,
       align);
}

}  // namespace qkv::render
