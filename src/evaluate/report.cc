#include "evaluate/report.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "base/json.h"
#include "base/log.h"
#include "base/table.h"
#include "base/utf8.h"
#include "checkpoint/validation_text.h"
#include "evaluate/cells.h"
#include "evaluate/geometry/geometry_report.h"
#include "evaluate/probes/probe_json.h"
#include "inspect/ablation/ablation.h"
#include "inspect/inspection.h"
#include "text/corpus/corpus.h"
#include "text/prompt.h"
#include "text/tokenizer/unknown_words.h"

namespace qkv::evaluate {
namespace {

constexpr std::size_t kLongestName = 200;

/// The validation text of each run. Throws Error if they differ but must not.
std::vector<checkpoint::ValidationText> validations_of(
    const std::vector<checkpoint::Checkpoint>& checkpoints, bool own_data) {
  std::vector<checkpoint::ValidationText> all;
  for (const checkpoint::Checkpoint& checkpoint : checkpoints) {
    all.push_back(checkpoint::validation_text(checkpoint, "--data FILE"));
    const checkpoint::ValidationText& first = all.front();
    const checkpoint::ValidationText& text = all.back();
    if (own_data || text.sha256 == first.sha256) continue;
    throw base::Error(base::concat(
        "--data: found none, and the runs have different validation texts, ",
        base::quoted(first.name, kLongestName), " and ", base::quoted(text.name, kLongestName),
        "; expected one text for both, or --own-data"));
  }
  return all;
}

/// Warns of unusual content in the texts for a model: line ends if a document is a line, and words
/// that the tokenizer does not know, which are named once.
void warn_of_texts(const checkpoint::Checkpoint& checkpoint, const Questions& questions,
                   const text::TokenFile* data) {
  const spec::TextLayout layout = checkpoint.config.data.layout;
  const std::string path = checkpoint.path.string();
  text::UnknownWords in_data(checkpoint.tokenizer);
  constexpr std::uint64_t kIdsAtOnce = 65536;
  std::vector<std::int32_t> ids;
  for (std::uint64_t at = 0; data != nullptr && at < data->size(); at += ids.size()) {
    ids.resize(std::min(kIdsAtOnce, data->size() - at));
    data->read(at, ids);
    for (const std::int32_t id : ids) in_data.add(id);
  }
  in_data.end_text();
  in_data.warn(path + ": --data");

  text::UnknownWords in_pairs(checkpoint.tokenizer);
  for (const MinimalPair& pair : questions.pairs) {
    for (const std::string& sentence : {pair.good, pair.bad}) {
      text::warn_of_lines(sentence, layout, pair.where);
      in_pairs.add(sentence);
    }
  }
  in_pairs.warn(path + ": --pairs");

  text::UnknownWords in_probes(checkpoint.tokenizer);
  for (const world::Probe& probe : questions.probes) {
    text::warn_of_lines(probe.text, layout, probe.where);
    in_probes.add(probe.text);
  }
  in_probes.warn(path + ": --probes");
}

bool has_bits_per_byte(const Answers& answers) {
  return answers.causal && answers.score->cut.count == 0;
}

base::Json to_json(const Answers& answers) {
  base::Json json = {
      {"checkpoint", base::replace_invalid_utf8(checkpoint::checkpoint_name(answers.checkpoint))},
      {"step", answers.step}};
  if (answers.score) {
    const predict::Score& score = *answers.score;
    json["loss"] = score.loss();
    json["perplexity"] = score.perplexity();
    json["bits_per_byte"] =
        has_bits_per_byte(answers) ? base::Json(score.bits_per_byte()) : base::Json();
    json["accuracy"] = score.accuracy();
    json["tokens"] = score.tokens;
    json["bytes"] = score.text_bytes;
  }
  if (answers.intervention) json["ablation"] = inspect::ablation_json(*answers.intervention);
  if (answers.text) json["text"] = {{"name", answers.text->name}, {"sha256", answers.text->sha256}};
  for (const PairAccuracy& group : answers.pairs) {
    base::Json& entry = json["pairs"][group.group];
    entry = {{"pairs", group.pairs}, {"accuracy", group.accuracy()}};
    if (group.skipped > 0) entry["skipped"] = group.skipped;
  }
  for (std::size_t pair = 0; pair < answers.pair_scores.size(); ++pair) {
    const std::optional<PairScore>& score = answers.pair_scores[pair];
    json["pair_scores"].push_back({{"group", base::replace_invalid_utf8(answers.pair_groups[pair])},
                                   {"good", score ? base::Json(score->good) : base::Json()},
                                   {"bad", score ? base::Json(score->bad) : base::Json()},
                                   {"skipped", !score}});
  }
  if (!answers.probes.empty()) json["probes"] = probes_json(answers.probes, answers.findings);
  if (answers.not_asked > 0) json["probes"]["not_asked"] = answers.not_asked;
  if (answers.geometry) json["geometry"] = geometry_json(*answers.geometry);
  if (answers.heads) json["heads"] = heads_json(*answers.heads);
  return json;
}

/// The number of pairs of a group that were scored; of each checkpoint, if they differ.
std::string scored_pairs(const std::vector<Answers>& answers, std::size_t group) {
  std::string numbers = base::with_commas(answers.front().pairs[group].pairs);
  if (answers.back().pairs[group].pairs != answers.front().pairs[group].pairs)
    numbers += " and " + base::with_commas(answers.back().pairs[group].pairs);
  return numbers;
}

std::string percent(double share) {
  return std::isfinite(share) ? base::fixed(share * 100, 2) + "%" : "–";
}

predict::Score score_of(const checkpoint::Checkpoint& checkpoint, const text::TokenFile& tokens,
                        int threads) {
  const predict::Score score =
      predict::score_text(*checkpoint.model, tokens, checkpoint.config.seed, threads, "evaluating");
  inspect::require_finite(score.loss(), "a loss", checkpoint);
  if (score.cut.count > 0)
    base::log::warning(text::to_text(score.cut, checkpoint.config.model.context) +
                       ", so no bits per byte");
  return score;
}

void ask_pairs(const checkpoint::Checkpoint& checkpoint, const std::vector<MinimalPair>& pairs,
               int threads, Answers& answers) {
  answers.pair_scores = score_pairs(*checkpoint.model, checkpoint.tokenizer,
                                    checkpoint.config.data.layout, pairs, threads);
  for (const std::optional<PairScore>& score : answers.pair_scores) {
    if (!score) continue;
    for (const double nats : {score->good, score->bad})
      inspect::require_finite(nats, "a log probability", checkpoint);
  }
  for (const MinimalPair& pair : pairs) answers.pair_groups.push_back(pair.group);
  answers.pairs = pair_accuracies(pairs, answers.pair_scores);
  if (const std::uint64_t skipped = answers.pairs.back().skipped; skipped > 0) {
    base::log::warning(base::concat(base::with_commas(skipped), " of ",
                                    base::with_commas(pairs.size()),
                                    " pairs are longer than the context of ",
                                    checkpoint.config.model.context, " tokens and are skipped"));
  }
}

void ask_probes(const checkpoint::Checkpoint& checkpoint, const Questions& questions, int threads,
                Answers& answers) {
  const bool looks = checkpoint.config.model.has_attention() && !questions.accuracy_only;
  const ProbeStudy study(checkpoint, questions.probes,
                         looks ? ProbeStudy::Scope::kAttention : ProbeStudy::Scope::kAccuracy,
                         threads);
  const predict::TokenCounter counter = predict::token_progress("probes", study.tokens());
  answers.probes = study.scores(counter);
  answers.not_asked =
      questions.probes.size() - askable_probes(questions.probes, answers.causal).size();
  if (looks) answers.findings = study.findings(answers.probes, counter);
}

}  // namespace

std::string source_line(const Answers& answers) {
  return inspect::source_line(answers.checkpoint, answers.step,
                              answers.intervention ? &*answers.intervention : nullptr);
}

std::vector<Answers> measure(const std::vector<checkpoint::Checkpoint>& checkpoints,
                             const Questions& questions, int threads) {
  const bool asks_other_things =
      !questions.pairs.empty() || !questions.probes.empty() || questions.geometry;
  for (const checkpoint::Checkpoint& checkpoint : checkpoints) {
    if (questions.heads) require_heads(checkpoint);
  }
  std::vector<checkpoint::ValidationText> validations;
  if (questions.data.empty() && (questions.heads || !asks_other_things))
    validations = validations_of(checkpoints, questions.own_data);
  std::vector<Answers> answers;
  for (std::size_t place = 0; place < checkpoints.size(); ++place) {
    const checkpoint::Checkpoint& checkpoint = checkpoints[place];
    Answers& column = answers.emplace_back();
    column.checkpoint = checkpoint.path.string();
    column.step = checkpoint.state.step;
    if (const auto* made = checkpoint.model->intervention()) column.intervention = *made;
    column.causal = checkpoint.config.model.causal();
    std::optional<text::TokenFile> data;
    if (!questions.data.empty()) {
      data.emplace(
          text::open_tokens(questions.data, checkpoint.tokenizer, checkpoint.config.data.layout));
    }
    warn_of_texts(checkpoint, questions, data ? &*data : nullptr);
    if (data) {
      column.score = score_of(checkpoint, *data, threads);
    } else if (!validations.empty()) {
      column.text =
          JudgedText{.name = validations[place].name, .sha256 = validations[place].sha256};
      column.score = score_of(checkpoint, validations[place].tokens, threads);
    }
    if (!questions.pairs.empty()) ask_pairs(checkpoint, questions.pairs, threads, column);
    if (!questions.probes.empty()) ask_probes(checkpoint, questions, threads, column);
    if (questions.geometry)
      column.geometry = evaluate_geometry(checkpoint, *questions.geometry, threads);
    if (questions.heads)
      column.heads = study_heads(checkpoint, data ? *data : validations[place].tokens, threads);
  }
  return answers;
}

std::string report_table(const std::vector<Answers>& answers,
                         const std::vector<ProbeDetail>& details) {
  std::vector<std::string> header = {""};
  for (const Answers& column : answers) header.push_back(column.checkpoint);
  base::Table table(answers.size() > 1 ? header : std::vector<std::string>());
  const auto add = [&](const std::string& name, const auto& cell) {
    std::vector<std::string> row = {name};
    for (const Answers& column : answers) row.push_back(cell(column));
    table.add(row);
  };
  add("step", [](const Answers& column) { return std::to_string(column.step); });
  if (answers.front().intervention) {
    add("ablation",
        [](const Answers& column) { return inspect::ablation_text(*column.intervention); });
  }
  if (answers.front().text) add("text", [](const Answers& column) { return column.text->name; });
  if (answers.front().score) {
    add("loss (nats per token)",
        [](const Answers& column) { return base::fixed(column.score->loss(), 4); });
    add("perplexity",
        [](const Answers& column) { return base::fixed(column.score->perplexity(), 3); });
    add("bits per byte", [](const Answers& column) {
      return has_bits_per_byte(column) ? base::fixed(column.score->bits_per_byte(), 4) : "–";
    });
    add("accuracy", [](const Answers& column) { return percent(column.score->accuracy()); });
    add("tokens", [](const Answers& column) { return base::with_commas(column.score->tokens); });
  }
  for (std::size_t index = 0; index < answers.front().pairs.size(); ++index) {
    const PairAccuracy& group = answers.front().pairs[index];
    add(base::concat("pairs: ", group.group, " (", scored_pairs(answers, index), ")"),
        [&](const Answers& column) { return percent(column.pairs[index].accuracy()); });
  }
  const auto skipped = [](const Answers& column) {
    return column.pairs.empty() ? 0 : column.pairs.back().skipped;
  };
  if (std::any_of(answers.begin(), answers.end(), skipped)) {
    add("pairs skipped (longer than the context)",
        [&](const Answers& column) { return base::with_commas(skipped(column)); });
  }
  std::string text = table.text();
  for (const Answers& column : answers) {
    if (column.probes.empty() && !column.geometry && !column.heads) continue;
    if (answers.size() > 1) text += base::concat("\n", base::printable(column.checkpoint), "\n");
    if (column.not_asked > 0) {
      text +=
          base::concat("  probes not asked: ", base::with_commas(column.not_asked),
                       "; their evidence comes after the answer, and this model reads only what\n"
                       "  comes before\n");
    }
    if (!column.probes.empty()) {
      text += base::concat("\n", probes_text(column.probes, column.findings, details));
    }
    if (!column.probes.empty() && column.geometry) text += "\n";
    if (column.geometry) text += geometry_text(*column.geometry);
    if (column.heads) text += base::concat("\n", heads_text(*column.heads));
  }
  return text;
}

std::string report_json(const std::vector<Answers>& answers) {
  base::Json json = to_json(answers.front());
  if (answers.size() > 1) json["second"] = to_json(answers[1]);
  return base::printable_json(json) + "\n";
}

}  // namespace qkv::evaluate
