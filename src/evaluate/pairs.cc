#include "evaluate/pairs.h"

#include <algorithm>
#include <limits>
#include <map>

#include "base/error.h"
#include "base/format.h"
#include "base/json.h"
#include "engine/model.h"
#include "evaluate/log_probability.h"
#include "evaluate/reading.h"

namespace qkv::evaluate {
namespace {

/// The name of the group of all pairs.
constexpr const char* kAllPairs = "all";

std::string text_of(const base::Json& record, const char* key, const std::string& where) {
  if (!record.contains(key) || !record[key].is_string()) {
    throw base::Error(base::concat(where, ": found no text in \"", key, "\", expected one"));
  }
  return record[key];
}

MinimalPair pair_of(const base::Json& record, const std::string& where) {
  if (!record.is_object()) throw base::Error(where + ": found no JSON object, expected one");
  MinimalPair pair{.good = text_of(record, "sentence_good", where),
                   .bad = text_of(record, "sentence_bad", where),
                   .group = "",
                   .where = where};
  if (pair.good.empty() || pair.bad.empty())
    throw base::Error(where + ": found an empty sentence, expected text");
  for (const char* key : {"field", "UID"}) {
    if (record.contains(key) && record[key].is_string()) pair.group = record[key];
  }
  if (pair.group == kAllPairs)
    throw base::Error(base::concat(where, ": found the group \"", kAllPairs,
                                   "\", the name of the total; ", "expected another"));
  return pair;
}

}  // namespace

std::vector<MinimalPair> read_pairs(const std::filesystem::path& path) {
  std::vector<MinimalPair> pairs;
  base::read_json_lines(
      path, [&](const base::JsonLine& line) { pairs.push_back(pair_of(line.value, line.where)); });
  if (pairs.empty()) throw base::Error(path.string() + ": holds no pair, expected at least one");
  return pairs;
}

std::vector<std::optional<PairScore>> score_pairs(const engine::Model& model,
                                                  const text::Tokenizer& tokenizer,
                                                  spec::TextLayout layout,
                                                  const std::vector<MinimalPair>& pairs,
                                                  int threads) {
  std::vector<ScoredText> texts;  // good, bad, good, …
  std::vector<std::size_t> scored;
  std::int64_t shortest = std::numeric_limits<std::int64_t>::max();
  for (std::size_t index = 0; index < pairs.size(); ++index) {
    const auto text = [&](const std::string& sentence) {
      return ScoredText{.text = sentence, .where = pairs[index].where, .scored = {}};
    };
    const ScoredText good = text(pairs[index].good);
    const ScoredText bad = text(pairs[index].bad);
    const std::int64_t longer = std::max(tokens_read(good, tokenizer, layout, model.config()),
                                         tokens_read(bad, tokenizer, layout, model.config()));
    shortest = std::min(shortest, longer);
    if (longer > model.config().context) continue;
    texts.insert(texts.end(), {good, bad});
    scored.push_back(index);
  }
  if (scored.empty()) {
    const std::string last = pairs.size() > 1 ? " to " + pairs.back().where : "";
    throw base::Error(base::concat(pairs.front().where, last,
                                   ": found no pair that fits, the shortest has ", shortest,
                                   " tokens, expected at most the context of ",
                                   model.config().context, " in one pair or more"));
  }
  const std::vector<LogProbability> nats =
      log_probabilities(model, tokenizer, layout, texts, threads);
  std::vector<std::optional<PairScore>> scores(pairs.size());
  for (std::size_t place = 0; place < scored.size(); ++place)
    scores[scored[place]] = {.good = nats[2 * place].nats, .bad = nats[2 * place + 1].nats};
  return scores;
}

std::vector<PairAccuracy> pair_accuracies(const std::vector<MinimalPair>& pairs,
                                          const std::vector<std::optional<PairScore>>& scores) {
  std::vector<PairAccuracy> groups;
  std::map<std::string, std::size_t> places;
  PairAccuracy all{.group = kAllPairs};
  for (std::size_t index = 0; index < pairs.size(); ++index) {
    const auto [place, added] = places.emplace(pairs[index].group, groups.size());
    if (added) groups.push_back({.group = pairs[index].group});
    for (PairAccuracy* group : {&groups[place->second], &all}) {
      if (scores[index]) {
        ++group->pairs;
        group->correct += scores[index]->correct();
      } else {
        ++group->skipped;
      }
    }
  }
  if (groups.size() == 1 && groups.front().group.empty()) groups.clear();
  groups.push_back(all);
  return groups;
}

}  // namespace qkv::evaluate
