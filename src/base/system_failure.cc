#include "base/system_failure.h"

#include <cstring>

#include "base/format.h"

namespace qkv::base {

void fail_to(const char* doing, std::string_view name, int code, Error::Fault fault) {
  throw Error(concat(name, ": cannot ", doing, ": ", std::strerror(code)), fault);
}

}  // namespace qkv::base
