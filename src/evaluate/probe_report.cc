#include "evaluate/probe_report.h"

#include <algorithm>
#include <cmath>

#include "base/format.h"
#include "base/table.h"
#include "evaluate/probe_attention.h"

namespace qkv {
namespace {

constexpr const char* kNothing = "-";

std::string number(double value, int decimals) {
  if (!std::isfinite(value)) return kNothing;
  const std::string text = fixed(value, decimals);
  return std::stod(text) == 0 && text.starts_with('-') ? text.substr(1) : text;
}

std::string exact_percent(double share) { return number(share * 100, 2) + "%"; }
std::string whole_percent(double share) { return number(share * 100, 0); }

std::string interval_text(const Interval& interval) {
  return concat(whole_percent(interval.low), "-", whole_percent(interval.high));
}

std::string head_text(const HeadPlace& place) { return concat(place.layer, ".", place.head); }

/// The findings of a family; nullptr where there are none.
const FamilyFindings* found_of(const std::optional<Findings>& findings, std::size_t family) {
  if (!findings || findings->families[family].measured == 0) return nullptr;
  return &findings->families[family];
}

std::string accuracy_table(const std::vector<FamilyScore>& families,
                           const std::optional<Findings>& findings) {
  std::vector<std::string> header = {"family",   "words between", "probes",
                                     "accuracy", "unrestricted",  "guessing"};
  if (findings) header.insert(header.end(), {"raw", "cut"});
  Table table(header);
  const auto add = [&](const std::string& family, const std::string& band, const ProbeCount& count,
                       const Share* raw, const Share* cut) {
    std::vector<std::string> row = {family,
                                    band,
                                    with_commas(count.probes),
                                    exact_percent(count.accuracy()),
                                    exact_percent(count.accuracy_unrestricted()),
                                    exact_percent(count.guessing())};
    if (raw != nullptr)
      row.insert(row.end(), {whole_percent(raw->share), whole_percent(cut->share)});
    table.add(std::move(row));
  };
  for (std::size_t index = 0; index < families.size(); ++index) {
    const FamilyScore& family = families[index];
    const FamilyFindings* found = found_of(findings, index);
    add(family.family, "all", family.count, found ? &found->attention.share : nullptr,
        found ? &found->edges : nullptr);
    if (family.bands.size() < 2) continue;
    for (std::size_t at = 0; at < family.bands.size(); ++at) {
      const DistanceBand& band = family.bands[at];
      add("", band_name(band), band.count, found ? &found->bands[at].attention : nullptr,
          found ? &found->bands[at].edges : nullptr);
    }
  }
  return table.text();
}

constexpr const char* kAttentionLegend =
    R"(  In percent of the probes, but w and nats. L.h: the head (layer.head) that most often gives the truth more
  attention than any distractor; raw: how often it does, with its 95% interval; w: the weight it gives the
  truth on average; roll: as raw, by attention rollout; cut: how often log p of the answer falls more when
  the edges to the truth are cut than when those to any distractor are; nats: how much it falls; L, one:
  as cut, in the best layer, and in the best head. For comparison: raw0, cut0, the untrained model; back,
  always looking the same number of tokens back; word, always at one word. What is best is chosen on every
  other probe and measured on the rest.
)";

std::string attention_table(const Findings& findings) {
  Table table({"family", "L.h", "raw", "95%", "w", "roll", "cut", "95%", "nats", "L", "L.h", "one",
               "raw0", "cut0", "back", "word"});
  for (const FamilyFindings& family : findings.families) {
    if (family.measured == 0) continue;
    table.add({family.family, head_text(head_place(family.attention.way, findings.model)),
               whole_percent(family.attention.share.share),
               interval_text(family.attention.share.interval),
               number(family.attention.share.truth, 2), whole_percent(family.rollout.share),
               whole_percent(family.edges.share), interval_text(family.edges.interval),
               number(family.edges.truth, 2), whole_percent(family.edge_layer.share.share),
               head_text(head_place(family.edge_head.way, findings.model)),
               whole_percent(family.edge_head.share.share),
               whole_percent(family.untrained_attention.share.share),
               whole_percent(family.untrained_edges.share),
               whole_percent(family.offset.share.share), whole_percent(family.word.share.share)});
  }
  return table.text() + kAttentionLegend;
}

/// The mean cost of the heads other than the best.
double others_cost(const FamilyFindings& family) {
  const std::vector<double>& single = family.heads.single;
  double sum = 0;
  for (std::size_t head = 0; head < single.size(); ++head) {
    if (head != family.attention.way) sum += single[head];
  }
  return sum / static_cast<double>(single.size() - 1);
}

std::string group_text(const std::vector<HeadPlace>& group) {
  constexpr std::size_t kShown = 4;
  std::string text;
  for (std::size_t head = 0; head < std::min(group.size(), kShown); ++head)
    text += concat(text.empty() ? "" : " ", head_text(group[head]));
  if (group.size() > kShown) text += concat(" +", group.size() - kShown);
  return text.empty() ? "none" : text;
}

constexpr const char* kHeadsLegend =
    R"(  Points of accuracy lost where heads are removed, each replaced by its mean: the best head above (head,
  cost); any other head, on average (others); a group chosen to hurt the family (group, cost); and that
  group on each family by its number: where it costs little, the group does something that only its own
  family needs.
)";

std::string heads_table(const Findings& findings) {
  std::vector<std::string> header = {"", "family", "head", "cost", "others", "group", "cost"};
  for (std::size_t family = 1; family <= findings.families.size(); ++family)
    header.push_back(std::to_string(family));
  Table table(header);
  for (std::size_t index = 0; index < findings.families.size(); ++index) {
    const FamilyFindings& family = findings.families[index];
    if (family.measured == 0) continue;
    std::vector<std::string> row = {std::to_string(index + 1),
                                    family.family,
                                    head_text(head_place(family.attention.way, findings.model)),
                                    number(family.heads.single[family.attention.way], 1),
                                    number(others_cost(family), 1),
                                    group_text(family.heads.group),
                                    number(family.heads.group_on[index], 1)};
    for (const double cost : family.heads.group_on) row.push_back(number(cost, 0));
    table.add(row);
  }
  return table.text() + kHeadsLegend;
}

Json to_json(const ProbeCount& count) {
  return {{"probes", count.probes},
          {"accuracy", count.accuracy()},
          {"accuracy_unrestricted", count.accuracy_unrestricted()},
          {"guessing", count.guessing()}};
}

Json to_json(const Interval& interval) { return {interval.low, interval.high}; }

Json to_json(const HeadPlace& place) { return {{"layer", place.layer}, {"head", place.head}}; }

/// Numbers of heads, a list a layer.
Json by_layer(const std::vector<double>& heads, const ModelConfig& model) {
  Json layers = Json::array();
  for (std::size_t head = 0; head < heads.size(); ++head) {
    if (head % static_cast<std::size_t>(model.heads) == 0) layers.push_back(Json::array());
    layers.back().push_back(heads[head]);
  }
  return layers;
}

Json attention_json(const FamilyFindings& family, const ModelConfig& model) {
  const Share& share = family.attention.share;
  return {{"probes", family.measured},
          {"best_head", to_json(head_place(family.attention.way, model))},
          {"share", share.share},
          {"interval", to_json(share.interval)},
          {"truth_weight", share.truth},
          {"distractor_weight", share.distractor},
          {"heads", by_layer(family.attention.all, model)},
          {"rollout",
           {{"share", family.rollout.share}, {"interval", to_json(family.rollout.interval)}}}};
}

Json edges_json(const FamilyFindings& family, const ModelConfig& model) {
  return {{"share", family.edges.share},
          {"interval", to_json(family.edges.interval)},
          {"truth_nats", family.edges.truth},
          {"distractor_nats", family.edges.distractor},
          {"layers", family.edge_layer.all},
          {"best_layer", family.edge_layer.way},
          {"best_layer_share", family.edge_layer.share.share},
          {"best_layer_interval", to_json(family.edge_layer.share.interval)},
          {"heads", by_layer(family.edge_head.all, model)},
          {"best_head", to_json(head_place(family.edge_head.way, model))},
          {"best_head_share", family.edge_head.share.share},
          {"best_head_interval", to_json(family.edge_head.share.interval)}};
}

Json controls_json(const FamilyFindings& family) {
  return {
      {"untrained_accuracy", family.untrained_accuracy},
      {"untrained_attention", family.untrained_attention.share.share},
      {"untrained_edges", family.untrained_edges.share},
      {"fixed_offset", {{"offset", family.offset_tokens}, {"share", family.offset.share.share}}},
      {"fixed_word", {{"piece", family.word_piece}, {"share", family.word.share.share}}}};
}

Json heads_json(const Findings& findings, std::size_t index) {
  const FamilyFindings& family = findings.families[index];
  Json group = Json::array();
  for (const HeadPlace& place : family.heads.group) group.push_back(to_json(place));
  Json on = Json::object();
  for (std::size_t other = 0; other < findings.families.size(); ++other) {
    if (other != index) on[findings.families[other].family] = family.heads.group_on[other];
  }
  return {{"best_head_cost", family.heads.single[family.attention.way]},
          {"costs", by_layer(family.heads.single, findings.model)},
          {"others_cost", others_cost(family)},
          {"group", std::move(group)},
          {"group_cost", family.heads.group_on[index]},
          {"group_cost_on", std::move(on)}};
}

}  // namespace

std::string probes_text(const std::vector<FamilyScore>& families,
                        const std::optional<Findings>& findings) {
  std::string text = accuracy_table(families, findings);
  if (findings) text += concat("\n", attention_table(*findings), "\n", heads_table(*findings));
  return text;
}

Json probes_json(const std::vector<FamilyScore>& families,
                 const std::optional<Findings>& findings) {
  Json json;
  for (std::size_t index = 0; index < families.size(); ++index) {
    const FamilyScore& family = families[index];
    const FamilyFindings* found = found_of(findings, index);
    Json numbers = to_json(family.count);
    Json bands = Json::array();
    for (std::size_t band = 0; band < family.bands.size(); ++band) {
      bands.push_back({{"least", family.bands[band].least}, {"most", family.bands[band].most}});
      bands.back().update(to_json(family.bands[band].count));
      if (found == nullptr) continue;
      bands.back()["attention"] = found->bands[band].attention.share;
      bands.back()["edges"] = found->bands[band].edges.share;
    }
    numbers["by_distance"] = std::move(bands);
    if (found != nullptr) {
      numbers["attention"] = attention_json(*found, findings->model);
      numbers["edges"] = edges_json(*found, findings->model);
      numbers["controls"] = controls_json(*found);
      numbers["heads"] = heads_json(*findings, index);
    }
    json["families"][family.family] = std::move(numbers);
  }
  return json;
}

}  // namespace qkv
