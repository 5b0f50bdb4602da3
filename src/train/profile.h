#pragma once

#include <string>

#include "base/phase_clock.h"

namespace qkv::train {

/// Where a run's time goes.
enum class Phase { kBatch, kGradient, kUpdate, kValidation, kSaving, kOther, kCount };

class Profile : public base::PhaseClock<Phase> {
 public:
  Profile() : PhaseClock(Phase::kOther) {}

  /// Of all phases but validation and saving.
  double training_seconds() const;
  /// A table of phases, their time per step and share; below the gradient its parts.
  std::string table(std::int64_t steps, const base::Parts& gradient_parts) const;
};

}  // namespace qkv::train
