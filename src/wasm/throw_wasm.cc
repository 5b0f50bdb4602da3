// Debian's C++ library for WebAssembly has no exceptions. The code is compiled as if it had: a
// throw calls the functions below, and ends the call from outside with a trap. Nothing is caught,
// and no destructor runs, so the entry points check what they are given before anything below them
// throws.
#include <cstdlib>
#include <new>
#include <typeinfo>

#include "base/error.h"
#include "wasm/last_error.h"

namespace qkv::wasm {
namespace {

[[noreturn]] void stop(const char* reason) {
  last_error = reason;
  __builtin_trap();
}

// Without exceptions, the library's `new` would return null, which is a valid address here.
[[maybe_unused]] const std::new_handler kNoHandler =
    std::set_new_handler([] { stop("out of memory"); });

}  // namespace

// Names and types are those of the C++ ABI (Itanium), where an exception is allocated, constructed
// and thrown.
extern "C" {

void* __cxa_allocate_exception(std::size_t size) noexcept { return std::malloc(size); }
void __cxa_free_exception(void* exception) noexcept { std::free(exception); }

[[noreturn]] void __cxa_throw(void* exception, std::type_info* type,
                              void (* /*destructor*/)(void*)) {
  if (*type == typeid(base::Error)) stop(static_cast<const base::Error*>(exception)->what());
  if (*type == typeid(std::bad_alloc)) stop("out of memory");
  stop(type->name());
}

// In the place of each function that a class only declares. The library's prints, for which the
// module would have to import functions.
[[noreturn]] void __cxa_pure_virtual() { stop("a pure virtual function was called"); }

}  // extern "C"

}  // namespace qkv::wasm
