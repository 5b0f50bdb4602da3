#include "fuzz/support/answer.h"

#include <cstdlib>
#include <iostream>

#include "base/utf8.h"

namespace qkv::fuzz {

void require(bool holds, std::string_view what) {
  if (holds) return;
  std::cerr << "fuzzer: does not hold: " << what << std::endl;
  std::abort();
}

void require_readable(const base::Error& error) {
  const std::string_view message = error.what();
  try {
    base::require_utf8(message, "message");
    base::require_printable(message, "message");
  } catch (const base::Error& why) {
    std::cerr << why.what() << '\n';
    require(false, "a message is one printable line of UTF-8");
  }
}

}  // namespace qkv::fuzz
