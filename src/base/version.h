#pragma once

namespace qkv {

/// qkv's version, "0.1.0".
const char* version();

}  // namespace qkv
