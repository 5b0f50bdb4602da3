#pragma once

#include <cstddef>
#include <cstdint>

// What the module qkv.wasm offers to the page; src/wasm/module.mjs calls it. Pointers are addresses
// in the module's memory. A function that fails returns null or −1, and qkv_error() says why. A
// fault of the program, or too little memory, ends a call with a trap instead (throw_wasm.cc):
// qkv_error() still says why, but the module must then be loaded anew.

#ifdef __wasm__
#define QKV_EXPORT(name) __attribute__((export_name(#name)))
#else
#define QKV_EXPORT(name)
#endif

namespace qkv::wasm {

class Session;

extern "C" {

/// Memory for `bytes` bytes, until qkv_free.
QKV_EXPORT(qkv_allocate) void* qkv_allocate(std::size_t bytes);
QKV_EXPORT(qkv_free) void qkv_free(void* memory);

/// What went wrong last: text that ends with NUL.
QKV_EXPORT(qkv_error) const char* qkv_error();

/// Opens a model from model_bytes(), which are not needed afterwards.
QKV_EXPORT(qkv_open) Session* qkv_open(const char* bytes, std::size_t size);
QKV_EXPORT(qkv_close) void qkv_close(Session* session);

/// Session::read: returns 0. `tap` ends with NUL; empty: none.
QKV_EXPORT(qkv_read)
int qkv_read(Session* session, const std::int32_t* ids, std::size_t count, const char* tap);

// The values of the last text, valid until the next call with this session, and how many they are.
QKV_EXPORT(qkv_final) const float* qkv_final(const Session* session);
QKV_EXPORT(qkv_final_size) std::size_t qkv_final_size(const Session* session);
QKV_EXPORT(qkv_logits) const float* qkv_logits(const Session* session);
QKV_EXPORT(qkv_logits_size) std::size_t qkv_logits_size(const Session* session);
QKV_EXPORT(qkv_tapped) const float* qkv_tapped(const Session* session);
QKV_EXPORT(qkv_tapped_size) std::size_t qkv_tapped_size(const Session* session);

}  // extern "C"

}  // namespace qkv::wasm
