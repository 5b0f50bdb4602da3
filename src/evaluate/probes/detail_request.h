#pragma once

#include <string>
#include <vector>

#include "evaluate/probes/probe_report.h"

namespace qkv::evaluate {

/// The details with these names. Throws Error, naming --detail, if one is unknown or if the other
/// options exclude its measurement.
std::vector<ProbeDetail> probe_details(const std::vector<std::string>& names, bool has_probes,
                                       bool accuracy_only);

}  // namespace qkv::evaluate
