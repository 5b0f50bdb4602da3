#include "evaluate/probes/probe_details.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/format.h"
#include "base/table.h"
#include "evaluate/cells.h"
#include "evaluate/probes/probe_attention.h"

namespace qkv::evaluate {
namespace {

constexpr const char* kLayersLegend =
    R"(  uses the evidence: as above, if attention to the evidence is removed only in this layer.
  rollout: how often attention rollout through all layers gives the evidence the most.
)";

constexpr const char* kControlsLegend =
    R"(  right: the accuracy of an untrained model with the same settings.
  looks: how often the best head of the untrained model looks at the evidence.
  uses: how often the untrained model uses the evidence.
  offset: attention goes only to the token this many tokens before the query (negative: after it).
  offset finds: how often such attention finds the evidence.
  word: attention goes only to this word.
  word finds: how often such attention finds the evidence.
)";

constexpr const char* kDistanceLegend =
    R"(  words between: the number of words between the evidence and the answer.
  of all words: how often the answer is the most probable of all words.
)";

constexpr const char* kFoundByDistanceLegend =
    R"(  looks: how often the head of the report looks at the evidence.
  uses: how often the answer uses the evidence.
)";

/// A piece without the mark of the space before it.
std::string word_of(const std::string& piece) {
  constexpr std::string_view kSpace = "▁";
  return piece.starts_with(kSpace) ? piece.substr(kSpace.size()) : piece;
}

constexpr const char* kBestHeadsLegend =
    R"(  weight: the head's attention to the evidence, as a mean per query token, at most 1.
  weight elsewhere: the same to the strongest distractor.
  nats: the log probability that the answer loses without attention to the evidence.
  nats elsewhere: the same without attention to the strongest distractor.
  cut head: the head in which removing attention to the evidence matters most often.
  cut matters: how often it matters there.
)";

std::string best_heads_table(const Findings& findings) {
  base::Table table({"family", "head", "weight", "weight elsewhere", "nats", "nats elsewhere",
                     "cut head", "cut matters"});
  for (const FamilyFindings& family : findings.families) {
    if (family.measured == 0) continue;
    table.add({name_cell(family.family),
               head_cell(head_place(family.attention.way, findings.model)),
               number_cell(family.attention.share.truth, 2),
               number_cell(family.attention.share.distractor, 2),
               number_cell(family.edges.truth, 2), number_cell(family.edges.distractor, 2),
               head_cell(head_place(family.edge_head.way, findings.model)),
               whole_percent_cell(family.edge_head.share.share)});
  }
  return table.text() + kBestHeadsLegend;
}

std::string group_text(const std::vector<inspect::HeadPlace>& group) {
  constexpr std::size_t kShown = 3;
  std::string text;
  for (std::size_t head = 0; head < std::min(group.size(), kShown); ++head)
    text += base::concat(text.empty() ? "" : " ", head_cell(group[head]));
  if (group.size() > kShown) text += base::concat(" +", group.size() - kShown);
  return text.empty() ? "none" : text;
}

constexpr const char* kRemovedLegend =
    R"(  Accuracy lost, in percentage points, if heads give only their mean output:
  others: each head except that of the report, on average.
  group: the few heads, chosen on other probes, that this family needs most.
  group's cost: what removing this group costs the family.
  elsewhere: the most that it costs another family.
  family hurt: this other family.
)";

std::string removed_table(const Findings& findings) {
  base::Table table({"family", "others", "group", "group's cost", "elsewhere", "family hurt"});
  for (std::size_t index = 0; index < findings.families.size(); ++index) {
    const FamilyFindings& family = findings.families[index];
    if (family.measured == 0) continue;
    const HeadCosts& heads = family.heads;
    double most = std::numeric_limits<double>::quiet_NaN();
    std::string where = kNoCell;
    for (std::size_t other = 0; other < heads.group_on.size(); ++other) {
      if (other == index || !std::isfinite(heads.group_on[other]) || heads.group_on[other] <= most)
        continue;
      most = heads.group_on[other];
      where = name_cell(findings.families[other].family);
    }
    table.add({name_cell(family.family), number_cell(family.others_cost(), 1),
               group_text(heads.group), number_cell(heads.group_on[index], 1), number_cell(most, 1),
               where});
  }
  return table.text() + kRemovedLegend;
}

constexpr const char* kEachHeadLegend =
    R"(  looks at evidence: as above, for each head.
  uses the evidence: as above, if attention to the evidence is removed only in this head.
  cost: the accuracy lost, in percentage points, if this head gives only its mean output.
)";

std::string each_head_table(const Findings& findings) {
  base::Table table({"family", "head", "looks at evidence", "uses the evidence", "cost"});
  for (const FamilyFindings& family : findings.families) {
    if (family.measured == 0) continue;
    for (std::size_t head = 0; head < family.attention.all.size(); ++head) {
      table.add({head == 0 ? name_cell(family.family) : "",
                 head_cell(head_place(head, findings.model)),
                 whole_percent_cell(family.attention.all[head]),
                 whole_percent_cell(family.edge_head.all[head]),
                 number_cell(family.heads.single[head], 1)});
    }
  }
  return table.text() + kEachHeadLegend;
}

}  // namespace

std::string layers_text(const Findings& findings) {
  base::Table table({"family", "layer", "uses the evidence", "rollout"});
  for (const FamilyFindings& family : findings.families) {
    if (family.measured == 0) continue;
    table.add({name_cell(family.family), "all", whole_percent_cell(family.edges.share),
               whole_percent_cell(family.rollout.share)});
    for (std::size_t layer = 0; layer < family.edge_layer.all.size(); ++layer) {
      table.add({"", std::to_string(layer), whole_percent_cell(family.edge_layer.all[layer]), ""});
    }
  }
  return table.text() + kLayersLegend;
}

std::string controls_text(const Findings& findings) {
  base::Table table(
      {"family", "right", "looks", "uses", "offset", "offset finds", "word", "word finds"});
  for (const FamilyFindings& family : findings.families) {
    if (family.measured == 0) continue;
    table.add({name_cell(family.family), percent_cell(family.untrained_accuracy),
               whole_percent_cell(family.untrained_attention.share.share),
               whole_percent_cell(family.untrained_edges.share),
               std::to_string(family.offset_tokens), whole_percent_cell(family.offset.share.share),
               name_cell(word_of(family.word_piece)), whole_percent_cell(family.word.share.share)});
  }
  return table.text() + kControlsLegend;
}

std::string distance_text(const std::vector<FamilyScore>& families,
                          const std::optional<Findings>& findings) {
  std::vector<std::string> header = {"family", "words between", "probes",
                                     "right",  "of all words",  "chance"};
  if (findings) header.insert(header.end(), {"looks", "uses"});
  base::Table table(header);
  for (std::size_t index = 0; index < families.size(); ++index) {
    const FamilyFindings* found = found_of(findings, index);
    const std::vector<DistanceBand>& bands = families[index].bands;
    for (std::size_t at = 0; at < bands.size(); ++at) {
      const ProbeCount& count = bands[at].count;
      std::vector<std::string> row = {at == 0 ? name_cell(families[index].family) : "",
                                      band_name(bands[at]),
                                      base::with_commas(count.probes),
                                      percent_cell(count.accuracy()),
                                      percent_cell(count.accuracy_unrestricted()),
                                      whole_percent_cell(count.guessing())};
      if (found != nullptr) {
        row.insert(row.end(), {whole_percent_cell(found->bands[at].attention.share),
                               whole_percent_cell(found->bands[at].edges.share)});
      }
      table.add(std::move(row));
    }
  }
  return base::concat(table.text(), kDistanceLegend, kTiedWordsLegend,
                      findings ? kFoundByDistanceLegend : "");
}

std::string heads_text(const Findings& findings) {
  return base::concat(best_heads_table(findings), "\n", removed_table(findings), "\n",
                      each_head_table(findings));
}

}  // namespace qkv::evaluate
