#include "kernels/position_tables.h"

#include <cmath>
#include <vector>

namespace qkv::kernels {
namespace {

/// base^(−i/count), i = 0 … count − 1.
std::vector<double> frequencies(double base, double count, std::int64_t used) {
  std::vector<double> frequencies;
  for (std::int64_t i = 0; i < used; ++i)
    frequencies.push_back(std::pow(base, -static_cast<double>(i) / count));
  return frequencies;
}

}  // namespace

PositionTables::PositionTables(const std::string& kind, std::int64_t context, std::int64_t width,
                               std::int64_t heads, double rotary_base) {
  if (kind == "sinusoidal") {
    // Pairs of sine and cosine; an odd width ends with a sine.
    const std::vector<double> frequency =
        frequencies(10000.0, static_cast<double>(width) / 2, (width + 1) / 2);
    for (std::int64_t place = 0; place < context; ++place) {
      for (std::int64_t i = 0; i < width; ++i) {
        const double angle =
            static_cast<double>(place) * frequency[static_cast<std::size_t>(i / 2)];
        sinusoids.push_back(static_cast<float>(i % 2 == 0 ? std::sin(angle) : std::cos(angle)));
      }
    }
  } else if (kind == "rotary") {
    const std::int64_t half = width / heads / 2;
    const std::vector<double> frequency = frequencies(rotary_base, static_cast<double>(half), half);
    for (std::int64_t place = 0; place < context; ++place) {
      for (const double each : frequency) {
        const double angle = static_cast<double>(place) * each;
        cosine.push_back(static_cast<float>(std::cos(angle)));
        sine.push_back(static_cast<float>(std::sin(angle)));
      }
    }
  } else if (kind == "alibi") {
    for (std::int64_t head = 1; head <= heads; ++head) {
      const double share = static_cast<double>(head) / static_cast<double>(heads);
      slopes.push_back(static_cast<float>(std::pow(2.0, -8.0 * share)));
    }
  }
}

}  // namespace qkv::kernels
