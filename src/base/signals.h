#pragma once

#include <array>
#include <csignal>

namespace qkv::base {

/// While one exists, SIGINT, SIGTERM, SIGHUP and SIGPIPE are only recorded, so that work can end in
/// order. A second SIGINT or SIGTERM ends the process at once with 130 or 143. A signal that was
/// already ignored (nohup) stays ignored. Only one may exist at a time.
class StopSignal {
 public:
  StopSignal();
  /// Restores the earlier handlers; if a SIGPIPE was recorded, further ones are ignored.
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  /// The first signal that came, or 0.
  int caught() const;

 private:
  std::array<struct sigaction, 4> before_{};
};

}  // namespace qkv::base
