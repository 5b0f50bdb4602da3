#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace qkv::base {

/// The number of values in an array of this shape.
inline std::size_t value_count(std::span<const std::int64_t> shape) {
  std::size_t count = 1;
  for (const std::int64_t side : shape) count *= static_cast<std::size_t>(side);
  return count;
}

/// An array of numbers that somebody else holds: `shape`, and the values row by row.
template <typename Real>
struct ViewOf {
  std::span<const std::int64_t> shape;
  Real* data = nullptr;

  std::size_t size() const { return value_count(shape); }
  std::span<Real> values() const { return {data, size()}; }
  /// The part with this index on the first axis.
  ViewOf operator[](std::int64_t index) const {
    const std::span<const std::int64_t> rest = shape.subspan(1);
    return {rest, data + static_cast<std::size_t>(index) * value_count(rest)};
  }
  operator ViewOf<const Real>() const { return {shape, data}; }
};
using View = ViewOf<const float>;
using MutableView = ViewOf<float>;

/// An array of numbers: `shape`, and the values row by row.
template <typename Real>
struct ArrayOf {
  std::vector<std::int64_t> shape;
  std::vector<Real> values;

  ArrayOf() = default;
  /// All zero.
  explicit ArrayOf(std::vector<std::int64_t> sides)
      : shape(std::move(sides)), values(value_count(shape)) {}
  /// REQUIRES as many values as the shape says.
  ArrayOf(std::vector<std::int64_t> sides, std::vector<Real> numbers)
      : shape(std::move(sides)), values(std::move(numbers)) {}

  ViewOf<const Real> view() const { return {shape, values.data()}; }
  ViewOf<Real> view() { return {shape, values.data()}; }
  ViewOf<const Real> operator[](std::int64_t index) const { return view()[index]; }
  ViewOf<Real> operator[](std::int64_t index) { return view()[index]; }

  bool operator==(const ArrayOf&) const = default;
};
using Array = ArrayOf<float>;

/// Arrays by name, in a meaningful order.
using NamedArrays = std::vector<std::pair<std::string, Array>>;

/// A shape as messages show it: "[2, 4, 16]".
std::string shape_text(std::span<const std::int64_t> shape);

}  // namespace qkv::base
