#include "train/profile.h"

#include <numeric>

#include "base/format.h"
#include "base/table.h"

namespace qkv {
namespace {

constexpr std::array<const char*, 6> kNames = {"batch",      "gradient", "update",
                                               "validation", "saving",   "other"};

}  // namespace

void Profile::enter(Phase next) {
  const auto now = Clock::now();
  seconds_[static_cast<std::size_t>(phase_)] += std::chrono::duration<double>(now - since_).count();
  phase_ = next;
  since_ = now;
}

double Profile::total_seconds() const {
  return std::accumulate(seconds_.begin(), seconds_.end(), 0.0);
}

double Profile::training_seconds() const {
  return total_seconds() - seconds(Phase::kValidation) - seconds(Phase::kSaving);
}

std::string Profile::table(std::int64_t steps) const {
  Table table({"phase", "ms/step", "share"});
  for (std::size_t index = 0; index < kNames.size(); ++index) {
    table.add({kNames[index],
               steps > 0 ? fixed(seconds_[index] * 1000 / static_cast<double>(steps), 3) : "",
               fixed(seconds_[index] / total_seconds() * 100, 1) + "%"});
  }
  return table.text();
}

}  // namespace qkv
