#pragma once

#include <cstdint>
#include <string_view>

namespace qkv::text {

/// Finds damage, not malice: XXH3 (Collet 2019) of 64 bits, which is the same on every machine.
std::uint64_t checksum(std::string_view bytes);

}  // namespace qkv::text
