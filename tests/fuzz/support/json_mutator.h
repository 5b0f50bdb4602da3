#pragma once

#include <cstddef>
#include <cstdint>

namespace qkv::fuzz {

/// What LLVMFuzzerCustomMutator does for files of JSON or JSON Lines, where a changed byte mostly
/// leaves nothing that parses: changes one value of a line that is JSON, or of all that follows the
/// first "{"; now and then it changes bytes after all. Returns the new size.
std::size_t mutate_json(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed);

}  // namespace qkv::fuzz
