#include "evaluate/pairs.h"

#include <map>

#include "base/error.h"
#include "base/format.h"
#include "base/json.h"
#include "evaluate/log_probability.h"

namespace qkv {
namespace {

/// What the group of all pairs is called.
constexpr const char* kAllPairs = "all";

std::string text_of(const Json& record, const char* key, const std::string& where) {
  if (!record.contains(key) || !record[key].is_string()) {
    throw Error(concat(where, ": found no text under \"", key, "\", expected one"));
  }
  return record[key];
}

MinimalPair pair_of(const Json& record, const std::string& where) {
  if (!record.is_object()) throw Error(where + ": found no JSON object, expected one");
  MinimalPair pair{.good = text_of(record, "sentence_good", where),
                   .bad = text_of(record, "sentence_bad", where),
                   .group = "",
                   .where = where};
  if (pair.good.empty() || pair.bad.empty())
    throw Error(where + ": found an empty sentence, expected text");
  for (const char* key : {"field", "UID"}) {
    if (record.contains(key) && record[key].is_string()) pair.group = record[key];
  }
  if (pair.group == kAllPairs)
    throw Error(concat(where, ": found the group \"", kAllPairs, "\", the name of the total; ",
                       "expected another"));
  return pair;
}

}  // namespace

std::vector<MinimalPair> read_pairs(const std::filesystem::path& path) {
  std::vector<MinimalPair> pairs;
  read_json_lines(path,
                  [&](const JsonLine& line) { pairs.push_back(pair_of(line.value, line.where)); });
  if (pairs.empty()) throw Error(path.string() + ": holds no pair, expected at least one");
  return pairs;
}

std::vector<PairAccuracy> evaluate_pairs(const Model& model, const Tokenizer& tokenizer,
                                         const std::string& layout,
                                         const std::vector<MinimalPair>& pairs,
                                         const Runtime& runtime) {
  std::vector<ScoredText> texts;
  for (const MinimalPair& pair : pairs) {
    texts.push_back({.text = pair.good, .where = pair.where, .scored = {}});
    texts.push_back({.text = pair.bad, .where = pair.where, .scored = {}});
  }
  const std::vector<LogProbability> scores =
      log_probabilities(model, tokenizer, layout, texts, runtime);

  std::vector<PairAccuracy> groups;
  std::map<std::string, std::size_t> places;
  PairAccuracy all{.group = kAllPairs, .pairs = 0, .correct = 0};
  for (std::size_t index = 0; index < pairs.size(); ++index) {
    const double good = scores[2 * index].nats;
    const double bad = scores[2 * index + 1].nats;
    const double correct = good > bad ? 1.0 : good == bad ? 0.5 : 0.0;
    const auto [place, added] = places.emplace(pairs[index].group, groups.size());
    if (added) groups.push_back({.group = pairs[index].group, .pairs = 0, .correct = 0});
    for (PairAccuracy* group : {&groups[place->second], &all}) {
      ++group->pairs;
      group->correct += correct;
    }
  }
  if (groups.size() == 1 && groups.front().group.empty()) groups.clear();
  groups.push_back(all);
  return groups;
}

}  // namespace qkv
