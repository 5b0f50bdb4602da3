#pragma once

#include <array>
#include <cstdint>

namespace qkv {

/// The first bytes of a token file, in the machine's byte order. The ids follow, padded to a
/// multiple of 8 bytes; then, where there are documents, documents + 1 places (uint64) where they
/// begin and end.
struct TokenHeader {
  static constexpr std::array<char, 8> kMagic = {'q', 'k', 'v', 't', 'o', 'k', 'e', 'n'};
  static constexpr std::uint32_t kVersion = 1;

  std::array<char, 8> magic = kMagic;
  std::uint32_t version = kVersion;
  std::uint32_t id_bytes = 2;  ///< 2 (uint16) or 4 (int32)
  std::uint64_t size = 0;
  std::uint64_t documents = 0;
  std::uint64_t text_bytes = 0;
  std::uint64_t maximum_id = 0;
  std::array<std::uint64_t, 2> unused{};
};
static_assert(sizeof(TokenHeader) == 64);

/// Bytes of `size` ids with their padding.
constexpr std::uint64_t padded_id_bytes(std::uint64_t size, std::uint32_t id_bytes) {
  return (size * id_bytes + 7) / 8 * 8;
}

}  // namespace qkv
