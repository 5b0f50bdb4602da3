#pragma once

#include <optional>
#include <string>
#include <vector>

#include "evaluate/probe_findings.h"
#include "evaluate/probes.h"

namespace qkv::evaluate {

/// What can be told of the probes beside the report: how much each layer and each head matters,
/// what attention that knows nothing would find, and how all depends on distance.
enum class ProbeDetail { kLayers, kControls, kDistance, kHeads };

/// "layers", "controls", "distance" or "heads". Throws Error, naming --detail, for any other.
ProbeDetail probe_detail(const std::string& name);

/// Whether it tells of attention, which a model without attention, or one asked for accuracy alone,
/// does not have.
bool needs_findings(ProbeDetail detail);

/// The report: a line a family, whether its map can be trusted, and what each column means. Then
/// the tables of the details, those left out that need findings where there are none. A line has at
/// most 100 columns, a table at most 8.
std::string probes_text(const std::vector<FamilyScore>& families,
                        const std::optional<Findings>& findings,
                        const std::vector<ProbeDetail>& details = {});

}  // namespace qkv::evaluate
