#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <ostream>
#include <string_view>
#include <type_traits>

namespace qkv::spec {

/// A value of an enum and its name in JSON.
template <typename Enum>
struct Named {
  Enum value;
  std::string_view name;
};

/// The values of an enum with their names. The enum starts from 0, and the rows must be in its
/// order: otherwise, the table does not compile.
template <typename Enum, std::size_t count>
consteval std::array<Named<Enum>, count> name_table(const Named<Enum> (&rows)[count]) {
  for (std::size_t index = 0; index < count; ++index) {
    if (static_cast<std::size_t>(rows[index].value) != index) throw "rows out of order";
  }
  return std::to_array(rows);
}

/// Each enum that appears in a config has a table, which is defined next to the enum.
template <typename Enum>
inline constexpr std::nullptr_t kNames = nullptr;

/// An enum that has such a table.
template <typename Enum>
concept Choice = !std::is_null_pointer_v<std::remove_cv_t<decltype(kNames<Enum>)>>;

template <Choice Enum>
constexpr std::string_view name_of(Enum value) {
  return kNames<Enum>.at(static_cast<std::size_t>(value)).name;
}

/// The value with this name, or nothing.
template <Choice Enum>
constexpr std::optional<Enum> find_choice(std::string_view name) {
  for (const Named<Enum>& row : kNames<Enum>) {
    if (row.name == name) return row.value;
  }
  return std::nullopt;
}

/// All values, in order.
template <Choice Enum>
constexpr auto all() {
  std::array<Enum, kNames<Enum>.size()> values{};
  for (std::size_t index = 0; index < values.size(); ++index)
    values[index] = kNames<Enum>[index].value;
  return values;
}

template <Choice Enum>
std::ostream& operator<<(std::ostream& out, Enum value) {
  return out << name_of(value);
}

}  // namespace qkv::spec
