#pragma once

namespace qkv::base {

/// qkv's version, "0.2.0".
const char* version();

}  // namespace qkv::base
