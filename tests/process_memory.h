#pragma once

#include <malloc.h>
#include <sys/prctl.h>

#include <fstream>
#include <string>

namespace qkv::tests {

/// A number of /proc/self/status, in bytes.
inline double bytes_in_status(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kilobytes = 0;
    if (word == key + ":" && status >> kilobytes) return 1024 * kilobytes;
  }
  return 0;
}

/// The memory of this process that is in use, and the most that ever was.
inline double resident_bytes() { return bytes_in_status("VmRSS"); }
inline double peak_resident_bytes() { return bytes_in_status("VmHWM"); }
/// All memory that it could use, touched or not, and the most that ever was.
inline double mapped_bytes() { return bytes_in_status("VmSize"); }
inline double peak_mapped_bytes() { return bytes_in_status("VmPeak"); }

/// From now on, the memory in use is that of arrays, whatever the system's settings: pages are
/// small, since a huge one is in use as a whole once a byte of it is, and an array of at least 64
/// KiB has pages of its own, which are returned when it is freed.
inline void use_memory_exactly() {
  prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
  mallopt(M_MMAP_THRESHOLD, 64 << 10);
}

}  // namespace qkv::tests
