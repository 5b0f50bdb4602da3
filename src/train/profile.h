#pragma once

#include <string>

#include "base/phase_clock.h"

namespace qkv::train {

/// How a run's time is spent.
enum class Phase { kBatch, kStep, kValidation, kSaving, kOther, kCount };

class Profile : public base::PhaseClock<Phase> {
 public:
  Profile() : PhaseClock(Phase::kOther) {}

  /// Of all phases except validation and saving.
  double training_seconds() const;
  /// A table of phases, their time per step and share; the parts of the step are below it.
  std::string table(std::int64_t steps, const base::Parts& step_parts) const;
};

}  // namespace qkv::train
