#pragma once

#include <optional>
#include <string>
#include <vector>

#include "evaluate/probe_findings.h"
#include "evaluate/probes.h"

namespace qkv::evaluate {

// The tables of `--detail`, each with a line for every column that needs one.

/// Why an answer that is right need not be the likeliest of all words.
inline constexpr const char* kTiedWordsLegend =
    "                About half where two words fit equally: is and was in agreement.\n";

std::string layers_text(const Findings& findings);
std::string controls_text(const Findings& findings);
std::string distance_text(const std::vector<FamilyScore>& families,
                          const std::optional<Findings>& findings);
std::string heads_text(const Findings& findings);

}  // namespace qkv::evaluate
