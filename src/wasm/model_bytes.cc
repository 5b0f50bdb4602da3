#include "wasm/model_bytes.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <type_traits>
#include <utility>

#include "base/bytes.h"
#include "base/format.h"
#include "spec/keys.h"
#include "spec/misfit.h"
#include "spec/weights.h"

namespace qkv::wasm {
namespace {

/// Calls visit(value) with each value of a config, also of the structs in it, in order.
template <typename Config>
void for_each_value(Config& config, const auto& visit) {
  spec::visit_keys(config, [&](const char*, auto& value) {
    if constexpr (spec::Section<decltype(value)>) {
      for_each_value(value, visit);
    } else {
      visit(value);
    }
  });
}

/// Whether `number` is one of from … most, and whole.
bool is_whole(double number, double from, double most) {
  return number >= from && number <= most && number == std::floor(number);
}

/// Sets a value of a config, unless the number is none of its values.
template <typename Value>
bool set(Value& value, double number) {
  if constexpr (std::is_same_v<Value, double>) {
    if (!std::isfinite(number)) return false;
  } else if constexpr (std::is_same_v<Value, bool>) {
    if (!is_whole(number, 0, 1)) return false;
  } else if constexpr (std::is_enum_v<Value>) {
    if (!is_whole(number, 0, static_cast<double>(spec::kNames<Value>.size() - 1))) return false;
  } else {
    if (!is_whole(number, 1, kMostValues)) return false;  // a size
  }
  value = static_cast<Value>(
      static_cast<std::conditional_t<std::is_same_v<Value, double>, double, std::int64_t>>(number));
  return true;
}

/// The values of the largest array that a reader of this model keeps.
double largest_array(const spec::ModelConfig& config) {
  const auto context = static_cast<double>(config.context);
  const auto width = static_cast<double>(config.width);
  const auto hidden = static_cast<double>(config.feed_forward.width);
  const double layers = config.recurrent() ? 1 : static_cast<double>(config.layers);
  return context * std::max({4 * width, hidden, layers * width});
}

/// Takes numbers from the front of bytes.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : left_(bytes) {}

  std::size_t left() const { return left_.size(); }
  /// NaN if there is none.
  double number() { return left() < sizeof(double) ? NAN : take<double, std::uint64_t>(); }
  /// REQUIRES four bytes.
  float weight() { return take<float, std::uint32_t>(); }

 private:
  template <typename Real, typename Bits>
  Real take() {
    const auto bits = base::from_little_endian<Bits>(left_.data());
    left_.remove_prefix(sizeof bits);
    return std::bit_cast<Real>(bits);
  }

  std::string_view left_;
};

}  // namespace

std::string model_bytes(const spec::ModelConfig& config, std::int64_t vocabulary,
                        const std::vector<base::Array>& weights) {
  std::vector<double> numbers = {static_cast<double>(vocabulary)};
  for_each_value(config, [&](auto value) { numbers.push_back(static_cast<double>(value)); });
  numbers.insert(numbers.begin(), static_cast<double>(numbers.size()));
  std::string bytes;
  for (const double number : numbers)
    bytes += base::little_endian(std::bit_cast<std::uint64_t>(number));
  for (const base::Array& weight : weights) {
    for (const float value : weight.values)
      bytes += base::little_endian(std::bit_cast<std::uint32_t>(value));
  }
  return bytes;
}

std::optional<ModelParts> read_model_bytes(std::string_view bytes, std::string& error) {
  Cursor cursor(bytes);
  ModelParts parts;
  std::size_t count = 1;
  for_each_value(parts.config, [&](auto&) { ++count; });
  bool good =
      cursor.number() == static_cast<double>(count) && set(parts.vocabulary, cursor.number());
  for_each_value(parts.config, [&](auto& value) { good = good && set(value, cursor.number()); });
  if (!good) {
    error = base::concat("found no model in the first ", count + 1, " numbers, expected one");
    return std::nullopt;
  }
  if (const auto misfit = spec::find_misfit(parts.config)) {
    error = base::concat(misfit->key, ": found ", misfit->found, ", expected ", misfit->expected);
    return std::nullopt;
  }
  if (largest_array(parts.config) > kMostValues) {
    error = base::concat("found a context of ", parts.config.context,
                         ", expected a model of less memory");
    return std::nullopt;
  }
  const double expected = spec::count_parameters(parts.config, parts.vocabulary) * sizeof(float);
  if (static_cast<double>(cursor.left()) != expected) {
    error = base::concat("found ", cursor.left(), " bytes of weights, expected ",
                         static_cast<std::uint64_t>(std::min(expected, 0x1p63)));
    return std::nullopt;
  }
  for (const spec::Weight& weight : spec::WeightList(parts.config, parts.vocabulary).all) {
    for (float& value : parts.weights.emplace_back(weight.shape).values) value = cursor.weight();
  }
  return parts;
}

}  // namespace qkv::wasm
