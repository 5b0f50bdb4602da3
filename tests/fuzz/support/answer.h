#pragma once

#include <string_view>

#include "base/error.h"

namespace qkv::fuzz {

/// Ends the fuzzer, which then stores the input as a crash, unless `holds`.
void require(bool holds, std::string_view what);

/// Ends the fuzzer unless the error's message is one line of valid UTF-8 without control
/// characters.
void require_readable(const base::Error& error);

/// Runs `use`. Refusing the input with a readable Error is also correct. Returns whether the input
/// was accepted.
template <typename Use>
bool answers(Use&& use) {
  try {
    use();
    return true;
  } catch (const base::Error& error) {
    require_readable(error);
    return false;
  }
}

}  // namespace qkv::fuzz
