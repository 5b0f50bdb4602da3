#pragma once

#include <optional>
#include <string>
#include <vector>

#include "evaluate/probes/probe_findings.h"
#include "evaluate/probes/probes.h"

namespace qkv::evaluate {

// The tables of `--detail`, each with a line for every column that needs an explanation.

/// Why a right answer need not be the most probable of all words.
inline constexpr const char* kTiedWordsLegend =
    "                About half if two words fit equally, such as is and was in agreement.\n";

std::string layers_text(const Findings& findings);
std::string controls_text(const Findings& findings);
std::string distance_text(const std::vector<FamilyScore>& families,
                          const std::optional<Findings>& findings);
std::string heads_text(const Findings& findings);

}  // namespace qkv::evaluate
