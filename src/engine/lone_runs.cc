#include "engine/lone_runs.h"

#include <algorithm>

namespace qkv::engine {
namespace {

constexpr std::int64_t kLeast = 4;
constexpr std::int64_t kMost = 1024;

}  // namespace

void LoneRuns::run(base::Team& team, const std::function<void(int)>& work) {
  if (team.members() == 1 || next()) return team.run_alone(work);
  const auto begin = base::Team::Clock::now();
  team.run(work);
  judge(base::Team::Clock::now() - begin, team.waited());
}

void LoneRuns::judge(Duration run, Duration waited) {
  if (waited < run * 2 / 5) {
    slow_runs_ = 0;
    next_count_ /= 2;
  } else if (++slow_runs_ > 1) {
    slow_runs_ = 0;
    next_count_ = std::clamp(2 * next_count_, kLeast, kMost);
    left_ = next_count_;
  }
}

}  // namespace qkv::engine
