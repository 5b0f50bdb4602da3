#include <algorithm>
#include <bit>

#include "config/config.h"

namespace qkv::config {

bool CheckpointsConfig::has_snapshot(std::int64_t step, bool last) const {
  if (snapshots) return std::find(snapshots->begin(), snapshots->end(), step) != snapshots->end();
  return step == 0 || last || std::has_single_bit(static_cast<std::uint64_t>(step));
}

}  // namespace qkv::config
