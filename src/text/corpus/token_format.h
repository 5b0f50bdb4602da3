#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "text/corpus/checksum.h"

namespace qkv::text {

/// The first bytes of a token file, in the machine's byte order. The ids follow, padded to a
/// multiple of 8 bytes; then, if there are documents, documents + 1 indices (uint64) where they
/// begin and end; then the checksum (text/corpus/checksum.h) of each kChecked bytes between header
/// and checksums, of which the last may be shorter.
struct TokenHeader {
  static constexpr std::array<char, 8> kMagic = {'q', 'k', 'v', 't', 'o', 'k', 'e', 'n'};
  static constexpr std::uint32_t kVersion = 2;
  static constexpr std::uint64_t kChecked = 4096;

  std::array<char, 8> magic = kMagic;
  std::uint32_t version = kVersion;
  std::uint32_t id_bytes = 2;  ///< 2 (uint16) or 4 (int32)
  std::uint64_t size = 0;
  std::uint64_t documents = 0;
  std::uint64_t text_bytes = 0;
  std::uint64_t maximum_id = 0;
  std::uint64_t checksums = 0;  ///< the checksum of the checksums
  std::uint64_t checksum = 0;   ///< of the 56 bytes before it
};
static_assert(sizeof(TokenHeader) == 64);

/// The correct value of TokenHeader::checksum.
inline std::uint64_t checksum_of(const TokenHeader& header) {
  return checksum({reinterpret_cast<const char*>(&header), offsetof(TokenHeader, checksum)});
}

/// Bytes of `size` ids with their padding.
constexpr std::uint64_t padded_id_bytes(std::uint64_t size, std::uint32_t id_bytes) {
  return (size * id_bytes + 7) / 8 * 8;
}

}  // namespace qkv::text
