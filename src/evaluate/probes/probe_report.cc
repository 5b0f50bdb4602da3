#include "evaluate/probes/probe_report.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/table.h"
#include "evaluate/cells.h"
#include "evaluate/probes/probe_attention.h"
#include "evaluate/probes/probe_details.h"

namespace qkv::evaluate {
namespace {

constexpr std::array<std::pair<const char*, ProbeDetail>, 4> kDetails = {
    {{"layers", ProbeDetail::kLayers},
     {"controls", ProbeDetail::kControls},
     {"distance", ProbeDetail::kDistance},
     {"heads", ProbeDetail::kHeads}}};

constexpr const char* kAccuracyLegend =
    R"(  right: how often the answer is the most probable of the probe's candidates.
  chance: how often a guess among the candidates is right.
  of all words: how often the answer is the most probable of all words.
)";

std::string accuracy_report(const std::vector<FamilyScore>& families) {
  base::Table table({"family", "probes", "right", "chance", "of all words"});
  for (const FamilyScore& family : families) {
    table.add({name_cell(family.family), base::with_commas(family.count.probes),
               percent_cell(family.count.accuracy()), whole_percent_cell(family.count.guessing()),
               percent_cell(family.count.accuracy_unrestricted())});
  }
  return table.text() + kAccuracyLegend + kTiedWordsLegend;
}

constexpr const char* kReportLegend =
    R"(  right: how often the answer is the most probable of the probe's candidates.
  chance: how often a guess among the candidates is right.
  head: layer.head, counted from 0, of the head that looks at the evidence most often.
  looks at evidence: how often this head gives the evidence more attention than any distractor.
  uses the evidence: how often the answer loses more log probability without attention to the
                     evidence than without attention to any distractor.
  head's cost: the accuracy lost, in percentage points, if this head gives only its mean output.
  a → b% (low–high): an untrained model → this one, with a 95% interval.
)";

constexpr const char* kTrustLegend =
    "  Trust an attention map if right, looks at evidence and uses the evidence are all high.\n";

/// A line for each family whose map is not trustworthy.
std::string warnings_of(const Findings& findings) {
  std::string text;
  for (const FamilyFindings& family : findings.families) {
    if (family.measured == 0 || family.map_is_trustworthy()) continue;
    text += base::concat("  ! ", name_cell(family.family),
                         ": do not trust this map: evidence is looked at in ",
                         whole_percent_cell(family.attention.share.share), " and used in ",
                         whole_percent_cell(family.edges.share), "\n");
  }
  return text;
}

std::string attention_report(const std::vector<FamilyScore>& families, const Findings& findings) {
  base::Table table({"family", "right", "chance", "head", "looks at evidence", "uses the evidence",
                     "head's cost", ""});
  for (std::size_t index = 0; index < families.size(); ++index) {
    const FamilyScore& family = families[index];
    const FamilyFindings& found = findings.families[index];
    std::vector<std::string> row = {name_cell(family.family), percent_cell(family.count.accuracy()),
                                    whole_percent_cell(family.count.guessing())};
    if (found.measured > 0) {
      row.insert(row.end(),
                 {head_cell(head_place(found.attention.way, findings.model)),
                  change_cell(found.untrained_attention.share.share, found.attention.share),
                  change_cell(found.untrained_edges.share, found.edges),
                  number_cell(found.heads.single[found.attention.way], 1),
                  found.map_is_trustworthy() ? "" : "!"});
    } else {
      row.insert(row.end(), {kNoCell, kNoCell, kNoCell, kNoCell, ""});
    }
    table.add(std::move(row));
  }
  return base::concat(table.text(), kReportLegend, kTrustLegend, warnings_of(findings));
}

std::string detail_text(ProbeDetail detail, const std::vector<FamilyScore>& families,
                        const std::optional<Findings>& findings) {
  switch (detail) {
    case ProbeDetail::kLayers:
      return layers_text(*findings);
    case ProbeDetail::kControls:
      return controls_text(*findings);
    case ProbeDetail::kDistance:
      return distance_text(families, findings);
    case ProbeDetail::kHeads:
      break;
  }
  return heads_text(*findings);
}

}  // namespace

ProbeDetail probe_detail(const std::string& name) {
  for (const auto& [known, detail] : kDetails) {
    if (name == known) return detail;
  }
  throw base::Error(base::concat("--detail: found ", base::quoted(name),
                                 ", expected layers, controls, distance or heads"));
}

bool needs_findings(ProbeDetail detail) { return detail != ProbeDetail::kDistance; }

std::string probes_text(const std::vector<FamilyScore>& families,
                        const std::optional<Findings>& findings,
                        const std::vector<ProbeDetail>& details) {
  std::string text = findings ? attention_report(families, *findings) : accuracy_report(families);
  for (const ProbeDetail detail : details) {
    if (needs_findings(detail) && !findings) continue;
    text += base::concat("\n", detail_text(detail, families, findings));
  }
  return text;
}

}  // namespace qkv::evaluate
