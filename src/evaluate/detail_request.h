#pragma once

#include <string>
#include <vector>

#include "evaluate/probe_report.h"

namespace qkv::evaluate {

/// The details of these names. Throws Error, naming --detail, where one is unknown, or where what
/// else is asked for does not measure it.
std::vector<ProbeDetail> probe_details(const std::vector<std::string>& names, bool has_probes,
                                       bool accuracy_only);

}  // namespace qkv::evaluate
