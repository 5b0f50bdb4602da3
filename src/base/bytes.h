#pragma once

#include <cstddef>
#include <string>

namespace qkv::base {

/// The bytes of an unsigned integer, least significant first, on every processor.
template <typename Unsigned>
std::string little_endian(Unsigned value) {
  std::string bytes;
  for (std::size_t place = 0; place < sizeof(Unsigned); ++place) {
    bytes += static_cast<char>((value >> (8 * place)) & 0xFFU);
  }
  return bytes;
}

/// The integer whose bytes begin at `bytes`. REQUIRES: sizeof(Unsigned) bytes there.
template <typename Unsigned>
Unsigned from_little_endian(const char* bytes) {
  Unsigned value = 0;
  for (std::size_t place = 0; place < sizeof(Unsigned); ++place) {
    value |= static_cast<Unsigned>(static_cast<unsigned char>(bytes[place])) << (8 * place);
  }
  return value;
}

}  // namespace qkv::base
