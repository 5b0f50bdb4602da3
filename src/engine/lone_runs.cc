#include "engine/lone_runs.h"

#include <algorithm>

namespace qkv::engine {
namespace {

constexpr std::int64_t kLeast = 4;
constexpr std::int64_t kMost = 1024;

}  // namespace

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
