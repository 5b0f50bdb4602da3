#pragma once

namespace qkv::wasm {

/// What qkv_error() returns.
inline const char* last_error = "";

}  // namespace qkv::wasm
