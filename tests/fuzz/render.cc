// Pictures: labels, heatmaps and charts of hostile texts and numbers.

#include <fuzzer/FuzzedDataProvider.h>

#include <chrono>
#include <filesystem>
#include <iterator>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "base/utf8.h"
#include "fuzz/support/answer.h"
#include "fuzz/support/input_file.h"
#include "leaks.h"
#include "render/chart/chart.h"
#include "render/heatmap/heatmap.h"
#include "render/label.h"

namespace qkv::fuzz {
namespace {

constexpr render::PictureFormat kFormats[] = {
    render::PictureFormat::kSvg, render::PictureFormat::kPng, render::PictureFormat::kPdf};

class Pictures {
 public:
  explicit Pictures(FuzzedDataProvider& input) : input_(input) {}

  void draw() {
    const render::PictureFormat format = input_.PickValueInArray(kFormats);
    const std::filesystem::path& path = input_file("");
    const int kind = input_.ConsumeIntegralInRange(0, 3);
    answers([&] {
      if (kind == 0) {
        labels();
      } else if (kind == 1) {
        render::draw_heatmap(heatmap(), path, format);
      } else if (kind == 2) {
        render::draw_heatmap_grid(heatmaps(), small(-1, 4), text(), text(), path, format);
      } else {
        render::draw_charts(page(), path, format);
      }
    });
  }

 private:
  int small(int least, int most) { return input_.ConsumeIntegralInRange(least, most); }
  bool flag() { return input_.ConsumeBool(); }
  std::string text() { return input_.ConsumeRandomLengthString(60); }

  double number() {
    constexpr double kEdges[] = {0.0,
                                 -0.0,
                                 1.0,
                                 0.5,
                                 1e-300,
                                 5e-324,
                                 1e15,
                                 1e300,
                                 -1.0,
                                 std::numeric_limits<double>::infinity(),
                                 -std::numeric_limits<double>::infinity(),
                                 std::numeric_limits<double>::quiet_NaN()};
    switch (small(0, 5)) {
      case 0:
        return input_.PickValueInArray(kEdges);
      case 1:
        return input_.ConsumeFloatingPoint<double>();
      case 2:
        return input_.ConsumeFloatingPointInRange(-1e15, 1e15);
      case 3:
        return small(-100, 100);
      default:
        return input_.ConsumeProbability<double>();
    }
  }

  std::vector<double> numbers(int most) {
    std::vector<double> out;
    for (int left = small(0, most); left > 0; --left) out.push_back(number());
    return out;
  }

  /// Usually as long as `size`: different lengths are refused at once.
  std::vector<double> numbers_like(std::size_t size) {
    if (small(0, 9) == 0) return numbers(8);
    std::vector<double> out;
    while (out.size() < size) out.push_back(number());
    return out;
  }

  std::vector<std::string> texts(int most) {
    std::vector<std::string> out;
    for (int left = small(0, most); left > 0; --left) out.push_back(text());
    return out;
  }

  void labels() {
    const std::string label = text();
    const std::string shown = render::visible_label(label);
    require(!base::find_invalid_utf8(shown), "a label is valid UTF-8");
    require(render::visible_label(shown) == shown, "a label made visible stays as it is");
    require(
        !base::find_invalid_utf8(render::printable(label, static_cast<std::size_t>(small(1, 60)))),
        "a title is valid UTF-8");
  }

  render::Heatmap heatmap() {
    render::Heatmap map;
    map.title = text();
    map.subtitle = text();
    map.query_labels = texts(6);
    map.key_labels = texts(6);
    for (std::size_t row = 0; row < map.query_labels.size(); ++row) {
      map.weights.emplace_back();
      for (const double weight : numbers_like(map.key_labels.size()))
        map.weights.back().push_back(static_cast<float>(weight));
    }
    map.causal = flag();
    map.has_sign = flag();
    if (flag()) map.legend = text();
    return map;
  }

  std::vector<render::Heatmap> heatmaps() {
    std::vector<render::Heatmap> maps;
    for (int left = small(0, 4); left > 0; --left) maps.push_back(heatmap());
    return maps;
  }

  render::Series series(std::size_t categories) {
    render::Series out;
    out.name = text();
    out.values = categories > 0 ? numbers_like(categories) : numbers(6);
    if (flag()) out.x = numbers_like(out.values.size());
    if (flag()) {
      out.low = numbers_like(out.values.size());
      out.high = flag() ? numbers_like(out.values.size()) : out.low;
    }
    return out;
  }

  render::Chart chart() {
    render::Chart out;
    out.kind = flag() ? render::ChartKind::kBars : render::ChartKind::kLines;
    out.title = text();
    out.x_title = text();
    out.y_title = text();
    out.categories = texts(5);
    for (int left = small(0, 4); left > 0; --left)
      out.series.push_back(series(out.categories.size()));
    if (flag()) out.reference = series(out.categories.size());
    out.percent = flag();
    out.log_x = flag();
    return out;
  }

  render::ChartPage page() {
    render::ChartPage out;
    out.title = text();
    out.subtitle = text();
    for (int left = small(0, 3); left > 0; --left) out.panels.push_back(chart());
    out.columns = small(-1, 4);
    return out;
  }

  FuzzedDataProvider& input_;
};

std::ptrdiff_t count_threads() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
}

/// Waits until no more threads than `before` run. Pango prepares its fonts in threads that nobody
/// joins, and while one ends, the leak checker takes what GLib keeps for it for lost.
void wait_for_threads(std::ptrdiff_t before) {
  constexpr int kMost = 2000;  // ms
  for (int waited = 0; count_threads() > before && waited < kMost; ++waited)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace
}  // namespace qkv::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::ptrdiff_t threads = qkv::fuzz::count_threads();
  FuzzedDataProvider input(data, size);
  qkv::fuzz::Pictures(input).draw();
  qkv::fuzz::wait_for_threads(threads);
  return 0;
}
