#include "evaluate/pairs.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/json.h"
#include "base/progress.h"
#include "base/utf8.h"
#include "evaluate/loss.h"

namespace qkv {
namespace {

/// What the group of all pairs is called.
constexpr const char* kAllPairs = "all";

/// A text's ids as the model saw texts in training, and how many at its front are only context.
struct Sequence {
  std::vector<std::int32_t> ids;
  std::size_t given = 1;
};

Sequence sequence_of(const std::string& text, const Tokenizer& tokenizer,
                     const std::string& layout) {
  if (layout == "stream") {
    return {.ids = tokenizer.encode("\n" + text), .given = tokenizer.encode("\n").size()};
  }
  Sequence sequence{.ids = tokenizer.encode(text), .given = 1};
  sequence.ids.insert(sequence.ids.begin(), Tokenizer::kBegin);
  sequence.ids.push_back(Tokenizer::kEnd);
  return sequence;
}

/// One row of a batch and the text that its log p counts for.
struct Row {
  std::vector<std::int32_t> inputs;
  std::vector<std::int32_t> targets;
  std::size_t text = 0;
};

void add_rows(const Sequence& sequence, bool causal, std::size_t text, std::vector<Row>& rows) {
  const std::vector<std::int32_t>& ids = sequence.ids;
  if (causal) {
    Row row{.inputs = {ids.begin(), ids.end() - 1},
            .targets = {ids.begin() + 1, ids.end()},
            .text = text};
    std::fill_n(row.targets.begin(), sequence.given - 1, Batch::kIgnored);
    rows.push_back(std::move(row));
    return;
  }
  for (std::size_t place = sequence.given; place < ids.size(); ++place) {
    if (ids[place] == Tokenizer::kEnd) continue;
    Row row{.inputs = ids,
            .targets = std::vector<std::int32_t>(ids.size(), Batch::kIgnored),
            .text = text};
    row.targets[place] = ids[place];
    row.inputs[place] = Tokenizer::kMask;
    rows.push_back(std::move(row));
  }
}

/// Rows [begin, end) padded to the longest.
Batch batch_of(const std::vector<Row>& rows, std::size_t begin, std::size_t end) {
  Batch batch;
  batch.rows = static_cast<std::int64_t>(end - begin);
  for (std::size_t index = begin; index < end; ++index) {
    batch.context = std::max(batch.context, static_cast<std::int64_t>(rows[index].inputs.size()));
  }
  for (std::size_t index = begin; index < end; ++index) {
    for (std::int64_t place = 0; place < batch.context; ++place) {
      const auto at = static_cast<std::size_t>(place);
      const bool inside = at < rows[index].inputs.size();
      batch.inputs.push_back(inside ? rows[index].inputs[at] : Tokenizer::kEnd);
      batch.targets.push_back(inside ? rows[index].targets[at] : Batch::kIgnored);
      batch.positions.push_back(static_cast<std::int32_t>(place));
      batch.documents.push_back(inside ? 0 : -1);
    }
  }
  return batch;
}

std::string text_of(const Json& record, const char* key, const std::string& where) {
  if (!record.contains(key) || !record[key].is_string()) {
    throw Error(concat(where, ": found no text under \"", key, "\", expected one"));
  }
  return record[key];
}

}  // namespace

std::vector<MinimalPair> read_pairs(const std::filesystem::path& path) {
  const std::string text = read_file(path);
  require_utf8(text, path.string());
  std::vector<MinimalPair> pairs;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    const std::string where = concat(path.string(), ":", ++number);
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const Json record = parse_json(line, where);
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
    pairs.push_back(std::move(pair));
  }
  if (pairs.empty()) throw Error(path.string() + ": holds no pair, expected at least one");
  return pairs;
}

std::vector<double> log_probabilities(const Transformer& model, const Tokenizer& tokenizer,
                                      const std::string& layout,
                                      const std::vector<ScoredText>& texts,
                                      const Runtime& runtime) {
  const torch::NoGradGuard no_gradients;
  const Autocast autocast(runtime);
  const bool causal = model.config().causal();
  std::vector<Row> rows;
  for (std::size_t text = 0; text < texts.size(); ++text) {
    const Sequence sequence = sequence_of(texts[text].text, tokenizer, layout);
    const auto read = static_cast<std::int64_t>(sequence.ids.size()) - (causal ? 1 : 0);
    if (read > model.config().context) {
      const auto& [words, where] = texts[text];
      throw Error(concat(where.empty() ? quoted(words) : where, ": found a text of ", read,
                         " tokens, expected at most the context of ", model.config().context));
    }
    add_rows(sequence, causal, text, rows);
  }
  // Rows of equal length side by side: little padding. Stable, so that the sums have one order.
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.inputs.size() < b.inputs.size(); });

  constexpr std::size_t kRowsAtOnce = 64;
  std::vector<double> log_probability(texts.size(), 0.0);
  Progress progress("scoring", "rows", rows.size());
  for (std::size_t begin = 0; begin < rows.size(); begin += kRowsAtOnce) {
    const std::size_t end = std::min(rows.size(), begin + kRowsAtOnce);
    const Prediction prediction = predict(model, batch_of(rows, begin, end));
    const Tensor nats =
        at::cross_entropy_loss(prediction.logits, prediction.targets, {}, at::Reduction::None)
            .cpu();
    const float* next = nats.const_data_ptr<float>();
    for (std::size_t index = begin; index < end; ++index) {
      for (const std::int32_t target : rows[index].targets) {
        if (target != Batch::kIgnored)
          log_probability[rows[index].text] -= static_cast<double>(*next++);
      }
    }
    progress.update(end);
  }
  return log_probability;
}

std::vector<PairAccuracy> evaluate_pairs(const Transformer& model, const Tokenizer& tokenizer,
                                         const std::string& layout,
                                         const std::vector<MinimalPair>& pairs,
                                         const Runtime& runtime) {
  std::vector<ScoredText> texts;
  for (const MinimalPair& pair : pairs) {
    texts.push_back({pair.good, pair.where});
    texts.push_back({pair.bad, pair.where});
  }
  const std::vector<double> scores = log_probabilities(model, tokenizer, layout, texts, runtime);

  std::vector<PairAccuracy> groups;
  std::map<std::string, std::size_t> places;
  PairAccuracy all{.group = kAllPairs, .pairs = 0, .correct = 0};
  for (std::size_t index = 0; index < pairs.size(); ++index) {
    const double good = scores[2 * index];
    const double bad = scores[2 * index + 1];
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
