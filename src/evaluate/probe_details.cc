#include "evaluate/probe_details.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/format.h"
#include "base/table.h"
#include "evaluate/cells.h"
#include "evaluate/probe_attention.h"

namespace qkv::evaluate {
namespace {

constexpr const char* kLayersLegend =
    R"(  uses the evidence: as above, where attention to the evidence is removed in this layer alone.
  rollout: how often attention rollout through all layers gives the evidence most.
)";

constexpr const char* kControlsLegend =
    R"(  right, looks, uses: of an untrained model with the same settings.
  back, looks there: how often looking always so many tokens back finds the evidence.
  word, looks there: how often looking always at this word finds it.
)";

constexpr const char* kDistanceLegend =
    R"(  words between: between the evidence and the answer.
  of all words: the answer is the likeliest of all words.
)";

/// A piece without the mark of the space before it.
std::string word_of(const std::string& piece) {
  constexpr std::string_view kSpace = "▁";
  return piece.starts_with(kSpace) ? piece.substr(kSpace.size()) : piece;
}

constexpr const char* kBestHeadsLegend =
    R"(  weight, elsewhere: the head's attention to the evidence and to the strongest distractor, a mean
                     per query token, at most 1.
  nats, elsewhere: the log-probability that the answer loses without attention to either.
  one head, uses there: the head in which cutting that attention alone matters most often, and how
                        often.
)";

std::string best_heads_table(const Findings& findings) {
  base::Table table(
      {"family", "head", "weight", "elsewhere", "nats", "elsewhere", "one head", "uses there"});
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
    R"(  Percentage points of right answers lost when heads give only their mean output:
  head, cost: the head of the report. others: each other head by itself, on average.
  group, cost: the few heads, chosen on other probes, that hurt this family most together.
  elsewhere, family hurt: the most that the group costs another family, and which.
)";

std::string removed_table(const Findings& findings) {
  base::Table table(
      {"family", "head", "cost", "others", "group", "cost", "elsewhere", "family hurt"});
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
    table.add({name_cell(family.family),
               head_cell(head_place(family.attention.way, findings.model)),
               number_cell(heads.single[family.attention.way], 1),
               number_cell(family.others_cost(), 1), group_text(heads.group),
               number_cell(heads.group_on[index], 1), number_cell(most, 1), where});
  }
  return table.text() + kRemovedLegend;
}

constexpr const char* kEachHeadLegend =
    R"(  looks, uses, cost: as above, of each head by itself.
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
      {"family", "right", "looks", "uses", "back", "looks there", "word", "looks there"});
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
  return table.text() + kDistanceLegend + kTiedWordsLegend;
}

std::string heads_text(const Findings& findings) {
  return base::concat(best_heads_table(findings), "\n", removed_table(findings), "\n",
                      each_head_table(findings));
}

}  // namespace qkv::evaluate
