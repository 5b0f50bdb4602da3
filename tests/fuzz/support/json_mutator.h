#pragma once

#include <cstddef>
#include <cstdint>

namespace qkv::fuzz {

/// LLVMFuzzerCustomMutator for JSON and JSON Lines files, in which a changed byte usually makes
/// parsing fail. Changes one value of a line that is JSON, or of everything after the first "{";
/// sometimes it changes bytes instead. Returns the new size.
std::size_t mutate_json(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed);

}  // namespace qkv::fuzz
