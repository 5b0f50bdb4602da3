#pragma once

#include <malloc.h>

#include <fstream>
#include <string>

namespace qkv::testing {

/// A number of /proc/self/status, in bytes.
inline double bytes_in_status(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kilobytes = 0;
    if (word == key + ":" && status >> kilobytes) return 1024 * kilobytes;
  }
  return 0;
}

/// The addresses of this process that memory or a file stands behind, and the most that ever were.
/// Unlike the memory in use, they do not depend on the size of the system's pages.
inline double mapped_bytes() { return bytes_in_status("VmSize"); }
inline double peak_mapped_bytes() { return bytes_in_status("VmPeak"); }

/// From now on each array of at least 64 KiB has a mapping of its own, which ends when the array is
/// freed: mapped_bytes() then counts arrays, where the heap would reuse its freed memory.
inline void return_freed_arrays() { mallopt(M_MMAP_THRESHOLD, 64 << 10); }

}  // namespace qkv::testing
