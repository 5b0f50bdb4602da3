#include "spec/initial_weights.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <random>
#include <span>

#include "base/random.h"

namespace qkv::spec {
namespace {

/// Draws numbers as libtorch's generator on the CPU does: a Mersenne Twister (Matsumoto and
/// Nishimura 1998), and normal numbers by the method of Box and Muller (1958).
class Drawer {
 public:
  explicit Drawer(std::uint64_t key) : generator_(static_cast<std::uint32_t>(key)) {}

  void uniform(float low, float high, std::span<float> values) {
    for (float& value : values) {
      value = uniform() * (high - low) + low;
      if (value == high) value = low;
    }
  }

  void normal(double deviation, std::span<float> values) {
    if (values.size() < kGroup) return few_normal(deviation, values);
    for (float& value : values) value = uniform();
    const auto spread = static_cast<float>(deviation);
    std::size_t at = 0;
    for (; at + kGroup <= values.size(); at += kGroup) to_normal(spread, &values[at]);
    if (at == values.size()) return;
    // The last group is whole, and drawn again.
    const std::span<float> last = values.last(kGroup);
    for (float& value : last) value = uniform();
    to_normal(spread, last.data());
  }

 private:
  /// libtorch makes so many normal numbers at once.
  static constexpr std::size_t kGroup = 16;

  /// In [0, 1).
  float uniform() { return static_cast<float>(generator_() & 0xFFFFFFU) * 0x1p-24F; }
  double uniform_double() {
    const std::uint64_t high = generator_();
    return static_cast<double>((high << 32U | generator_()) & 0x1FFFFFFFFFFFFFU) * 0x1p-53;
  }

  /// A group of uniform numbers becomes one of normal numbers.
  static void to_normal(float deviation, float* values) {
    constexpr std::size_t kHalf = kGroup / 2;
    for (float* value = values; value != values + kHalf; ++value) {
      const float radius = std::sqrt(-2 * std::log(1 - *value));
      const float angle = static_cast<float>(2 * std::numbers::pi) * value[kHalf];
      value[0] = radius * std::cos(angle) * deviation;
      value[kHalf] = radius * std::sin(angle) * deviation;
    }
  }

  /// Fewer than a group.
  void few_normal(double deviation, std::span<float> values) {
    for (std::size_t at = 0; at < values.size(); at += 2) {
      const double angle = 2 * std::numbers::pi * uniform_double();
      const double radius = std::sqrt(-2 * std::log1p(-uniform_double()));
      values[at] = static_cast<float>(radius * std::cos(angle) * deviation);
      if (at + 1 < values.size())
        values[at + 1] = static_cast<float>(radius * std::sin(angle) * deviation);
    }
  }

  std::mt19937 generator_;
};

}  // namespace

std::vector<base::Array> initial_weights(const WeightList& list, std::uint64_t seed) {
  std::vector<base::Array> weights;
  for (const Weight& weight : list.all) {
    Drawer drawer(base::stream_key(seed, base::Purpose::kInitialisation, {weights.size()}));
    std::vector<float>& values = weights.emplace_back(weight.shape).values;
    const auto value = static_cast<float>(weight.initial.value);
    switch (weight.initial.kind) {
      case Initial::Kind::kNormal:
        drawer.normal(weight.initial.value, values);
        break;
      case Initial::Kind::kUniform:
        drawer.uniform(-value, value, values);
        break;
      case Initial::Kind::kConstant:
        std::fill(values.begin(), values.end(), value);
        break;
    }
  }
  return weights;
}

}  // namespace qkv::spec
