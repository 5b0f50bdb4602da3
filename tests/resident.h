#pragma once

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

/// The memory of this process that is in use, the most that ever was, and all that it could use.
inline double resident_bytes() { return bytes_in_status("VmRSS"); }
inline double peak_resident_bytes() { return bytes_in_status("VmHWM"); }
inline double virtual_bytes() { return bytes_in_status("VmSize"); }

}  // namespace qkv::testing
