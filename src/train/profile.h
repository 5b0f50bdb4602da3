#pragma once

#include <array>
#include <chrono>
#include <string>

namespace qkv {

/// Where a run's time goes.
enum class Phase { kBatch, kGradient, kUpdate, kValidation, kSaving, kOther };

/// Adds up seconds by phase. Exactly one phase runs at any moment.
class Profile {
 public:
  Profile() : since_(Clock::now()) {}

  /// Ends the current phase and begins `next`.
  void enter(Phase next);
  double seconds(Phase phase) const { return seconds_[static_cast<std::size_t>(phase)]; }
  /// Of all phases but validation and saving.
  double training_seconds() const;
  double total_seconds() const;
  /// A table of phases, their time per step and share.
  std::string table(std::int64_t steps) const;

 private:
  using Clock = std::chrono::steady_clock;

  Phase phase_ = Phase::kOther;
  Clock::time_point since_;
  std::array<double, 6> seconds_{};
};

}  // namespace qkv
