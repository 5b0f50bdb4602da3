#pragma once

#include <string_view>

#include "base/error.h"

namespace qkv::base {

/// Throws the Error for what the system refused to do with a file: "NAME: cannot open: No such file
/// or directory". `code` is that of errno.
[[noreturn]] void fail_to(const char* doing, std::string_view name, int code, Error::Fault fault);

}  // namespace qkv::base
