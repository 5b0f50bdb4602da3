#pragma once

#include <array>
#include <chrono>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace qkv::base {

/// The phases of a period of time: names and seconds.
using Parts = std::vector<std::pair<std::string, double>>;

/// Adds up the seconds of each phase; exactly one phase runs at any moment. Phase is an enumeration
/// that counts from 0 and ends with kCount. For one thread; a change of phase costs tens of
/// nanoseconds.
template <typename Phase>
class PhaseClock {
 public:
  static constexpr auto kPhases = static_cast<std::size_t>(Phase::kCount);

  /// Begins with this phase.
  explicit PhaseClock(Phase first) : phase_(first), since_(Clock::now()) {}

  /// Ends the current phase and begins `next`.
  void enter(Phase next) {
    const auto now = Clock::now();
    seconds_[static_cast<std::size_t>(phase_)] +=
        std::chrono::duration<double>(now - since_).count();
    phase_ = next;
    since_ = now;
  }

  /// The seconds of all ended periods of a phase.
  double seconds(Phase phase) const { return seconds_[static_cast<std::size_t>(phase)]; }
  double total() const { return std::accumulate(seconds_.begin(), seconds_.end(), 0.0); }

 private:
  using Clock = std::chrono::steady_clock;

  Phase phase_;
  Clock::time_point since_;
  std::array<double, kPhases> seconds_{};
};

}  // namespace qkv::base
