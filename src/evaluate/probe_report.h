#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "evaluate/probe_findings.h"
#include "evaluate/probes.h"

namespace qkv {

/// Tables of how many probes are answered and, where it was asked, of what attention shows and what
/// removing heads costs, each with a legend; at most 110 columns for names of common length.
std::string probes_text(const std::vector<FamilyScore>& families,
                        const std::optional<Findings>& findings);

/// The same numbers and more, by family (docs/world.md). Shares are from 0 to 1, effects of edges
/// in nats, costs in percentage points; null where no probe was there to measure.
Json probes_json(const std::vector<FamilyScore>& families, const std::optional<Findings>& findings);

}  // namespace qkv
