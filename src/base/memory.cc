#include "base/memory.h"

#include <unistd.h>

namespace qkv::base {

double machine_memory() {
  return static_cast<double>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<double>(::sysconf(_SC_PAGESIZE));
}

}  // namespace qkv::base
