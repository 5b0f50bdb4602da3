#include "base/version.h"

namespace qkv::base {

const char* version() { return QKV_VERSION; }

}  // namespace qkv::base
