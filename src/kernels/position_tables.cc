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

std::vector<float> sinusoid_table(const spec::ModelConfig& config) {
  std::vector<float> table;
  // Pairs of sine and cosine; an odd width ends with a sine.
  const std::vector<double> frequency =
      frequencies(10000.0, static_cast<double>(config.width) / 2, (config.width + 1) / 2);
  for (std::int64_t place = 0; place < config.context; ++place) {
    for (std::int64_t i = 0; i < config.width; ++i) {
      const double angle = static_cast<double>(place) * frequency[static_cast<std::size_t>(i / 2)];
      table.push_back(static_cast<float>(i % 2 == 0 ? std::sin(angle) : std::cos(angle)));
    }
  }
  return table;
}

/// The sines or cosines, as `of` says, of a head's angles.
template <typename Function>
std::vector<float> rotary_table(const spec::ModelConfig& config, const Function& of) {
  std::vector<float> table;
  const std::int64_t half = config.head_width() / 2;
  const std::vector<double> frequency =
      frequencies(config.rotary_base, static_cast<double>(half), half);
  for (std::int64_t place = 0; place < config.context; ++place) {
    for (const double each : frequency)
      table.push_back(static_cast<float>(of(static_cast<double>(place) * each)));
  }
  return table;
}

std::vector<float> slope_table(const spec::ModelConfig& config) {
  std::vector<float> table;
  for (std::int64_t head = 1; head <= config.heads; ++head) {
    const double share = static_cast<double>(head) / static_cast<double>(config.heads);
    table.push_back(static_cast<float>(std::pow(2.0, -8.0 * share)));
  }
  return table;
}

}  // namespace

PositionTables::PositionTables(const spec::ModelConfig& config) {
  switch (config.position) {
    case spec::Position::kSinusoidal:
      sinusoids = sinusoid_table(config);
      break;
    case spec::Position::kRotary:
      cosine = rotary_table(config, [](double angle) { return std::cos(angle); });
      sine = rotary_table(config, [](double angle) { return std::sin(angle); });
      break;
    case spec::Position::kAlibi:
      slopes = slope_table(config);
      break;
    case spec::Position::kLearned:
    case spec::Position::kNone:
      break;
  }
}

}  // namespace qkv::kernels
