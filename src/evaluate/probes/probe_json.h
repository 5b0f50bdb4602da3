#pragma once

#include <optional>
#include <vector>

#include "base/json.h"
#include "evaluate/probes/probe_findings.h"
#include "evaluate/probes/probes.h"

namespace qkv::evaluate {

/// All numbers of the probes, by family (docs/world.md). Shares are from 0 to 1, weights are means
/// per query token, effects of edges are in nats, costs in percentage points; null if no probe
/// could be measured.
base::Json probes_json(const std::vector<FamilyScore>& families,
                       const std::optional<Findings>& findings);

}  // namespace qkv::evaluate
