#pragma once

namespace qkv {

/// While one exists, the first SIGINT or SIGTERM is only noted, so that work can end in order; the
/// second leaves the process at once with 130 or 143. One at a time.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  /// The signal that came (SIGINT or SIGTERM), or 0.
  int caught() const;
};

}  // namespace qkv
