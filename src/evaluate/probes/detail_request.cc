#include "evaluate/probes/detail_request.h"

#include "base/error.h"

namespace qkv::evaluate {

std::vector<ProbeDetail> probe_details(const std::vector<std::string>& names, bool has_probes,
                                       bool accuracy_only) {
  std::vector<ProbeDetail> details;
  for (const std::string& name : names) {
    details.push_back(probe_detail(name));
    if (!has_probes) throw base::Error("--detail: found no --probes, expected a file of probes");
    if (accuracy_only && needs_findings(details.back()))
      throw base::Error("--detail " + name + ": found --accuracy-only, which does not measure it");
  }
  return details;
}

}  // namespace qkv::evaluate
