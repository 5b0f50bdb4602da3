#pragma once

#include <optional>
#include <string>
#include <vector>

#include "evaluate/probes/probe_findings.h"
#include "evaluate/probes/probes.h"

namespace qkv::evaluate {

/// The details of the probes in addition to the report: how much each layer and each head matters,
/// what attention that does not depend on the text would find, and how everything depends on
/// distance.
enum class ProbeDetail { kLayers, kControls, kDistance, kHeads };

/// "layers", "controls", "distance" or "heads". Throws Error, naming --detail, for any other.
ProbeDetail probe_detail(const std::string& name);

/// Whether it is about attention, which a model without attention, or one measured only for
/// accuracy, does not have.
bool needs_findings(ProbeDetail detail);

/// The report: one line per family, which maps are trustworthy, and the meaning of each column.
/// Then the tables of the details; those that need findings are left out if there are none. A line
/// has at most 100 columns, a table at most 8.
std::string probes_text(const std::vector<FamilyScore>& families,
                        const std::optional<Findings>& findings,
                        const std::vector<ProbeDetail>& details = {});

}  // namespace qkv::evaluate
