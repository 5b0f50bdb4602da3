#pragma once

#include <string_view>

#include "fuzz/support/json_mutator.h"

// The entry points of a fuzzer of JSON or JSON Lines, for the one source file that is the fuzzer.

namespace qkv::fuzz {

/// What the fuzzer does with one input: to be defined by that file.
void use(std::string_view text);

}  // namespace qkv::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  qkv::fuzz::use({reinterpret_cast<const char*>(data), size});
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  return qkv::fuzz::mutate_json(data, size, most, seed);
}
