#include "evaluate/probes/probe_json.h"

#include "evaluate/probes/probe_attention.h"

namespace qkv::evaluate {
namespace {

base::Json to_json(const ProbeCount& count) {
  return {{"probes", count.probes},
          {"accuracy", count.accuracy()},
          {"accuracy_unrestricted", count.accuracy_unrestricted()},
          {"guessing", count.guessing()}};
}

base::Json to_json(const Interval& interval) { return {interval.low, interval.high}; }

base::Json to_json(const inspect::HeadPlace& place) {
  return {{"layer", place.layer}, {"head", place.head}};
}

/// Numbers of heads, one list per layer.
base::Json by_layer(const std::vector<double>& heads, const spec::ModelConfig& model) {
  base::Json layers = base::Json::array();
  for (std::size_t head = 0; head < heads.size(); ++head) {
    if (head % static_cast<std::size_t>(model.heads) == 0) layers.push_back(base::Json::array());
    layers.back().push_back(heads[head]);
  }
  return layers;
}

base::Json attention_json(const FamilyFindings& family, const spec::ModelConfig& model) {
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

base::Json edges_json(const FamilyFindings& family, const spec::ModelConfig& model) {
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

base::Json controls_json(const FamilyFindings& family) {
  return {
      {"untrained_accuracy", family.untrained_accuracy},
      {"untrained_attention", family.untrained_attention.share.share},
      {"untrained_edges", family.untrained_edges.share},
      {"fixed_offset", {{"offset", family.offset_tokens}, {"share", family.offset.share.share}}},
      {"fixed_word", {{"piece", family.word_piece}, {"share", family.word.share.share}}}};
}

base::Json heads_json(const Findings& findings, std::size_t index) {
  const FamilyFindings& family = findings.families[index];
  base::Json group = base::Json::array();
  for (const inspect::HeadPlace& place : family.heads.group) group.push_back(to_json(place));
  base::Json on = base::Json::object();
  for (std::size_t other = 0; other < findings.families.size(); ++other) {
    if (other != index) on[findings.families[other].family] = family.heads.group_on[other];
  }
  return {{"best_head_cost", family.heads.single[family.attention.way]},
          {"costs", by_layer(family.heads.single, findings.model)},
          {"others_cost", family.others_cost()},
          {"group", std::move(group)},
          {"group_cost", family.heads.group_on[index]},
          {"group_cost_on", std::move(on)}};
}

}  // namespace

base::Json probes_json(const std::vector<FamilyScore>& families,
                       const std::optional<Findings>& findings) {
  base::Json json;
  for (std::size_t index = 0; index < families.size(); ++index) {
    const FamilyScore& family = families[index];
    const FamilyFindings* found = found_of(findings, index);
    base::Json numbers = to_json(family.count);
    base::Json bands = base::Json::array();
    for (std::size_t band = 0; band < family.bands.size(); ++band) {
      bands.push_back({{"least", family.bands[band].least}, {"most", family.bands[band].most}});
      bands.back().update(to_json(family.bands[band].count));
      if (found == nullptr) continue;
      bands.back()["attention"] = found->bands[band].attention.share;
      bands.back()["edges"] = found->bands[band].edges.share;
    }
    numbers["by_distance"] = std::move(bands);
    if (found != nullptr) {
      numbers["map_is_trustworthy"] = found->map_is_trustworthy();
      numbers["attention"] = attention_json(*found, findings->model);
      numbers["edges"] = edges_json(*found, findings->model);
      numbers["controls"] = controls_json(*found);
      numbers["heads"] = heads_json(*findings, index);
    }
    json["families"][family.family] = std::move(numbers);
  }
  return json;
}

}  // namespace qkv::evaluate
