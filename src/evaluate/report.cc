#include "evaluate/report.h"

#include "base/error.h"
#include "base/format.h"
#include "base/json.h"
#include "base/log.h"
#include "base/table.h"
#include "base/utf8.h"
#include "evaluate/geometry_report.h"
#include "evaluate/probe_report.h"
#include "inspect/inspection.h"
#include "text/corpus.h"
#include "text/prompt.h"
#include "text/unknown_words.h"

namespace qkv {
namespace {

/// The validation text of the run; warns where it is no longer what the run was trained beside.
std::optional<TokenFile> validation_of(const Checkpoint& checkpoint) {
  const DataConfig& data = checkpoint.config.data;
  for (const auto* files : {&data.train, &data.validation}) {
    for (const std::filesystem::path& file : *files) {
      if (std::error_code ignored; !std::filesystem::exists(file, ignored)) {
        throw Error(concat(checkpoint.path.string(), ": found no ", file.string(),
                           ", the text of its run, expected it there or --data FILE"));
      }
    }
  }
  Corpus corpus = open_corpus(
      checkpoint.config, Tokenizer::from_bytes(checkpoint.tokenizer.bytes(),
                                               checkpoint.tokenizer.kind(), "tokenizer.model"));
  const std::string& expected = checkpoint.state.validation_hash;
  if (!expected.empty() && corpus.validation_hash != expected) {
    log::warning("the validation text changed since this checkpoint was trained");
  }
  return std::move(corpus.validation);
}

/// Warns of what is odd in the texts that a model is asked about: line ends where a document is a
/// line, and words that the tokenizer does not know, which are named once.
void warn_of_texts(const Checkpoint& checkpoint, const Questions& questions,
                   const TokenFile* data) {
  const std::string& layout = checkpoint.config.data.layout;
  const std::string path = checkpoint.path.string();
  UnknownWords in_data(checkpoint.tokenizer);
  for (std::uint64_t index = 0; data != nullptr && index < data->size(); ++index)
    in_data.add((*data)[index]);
  in_data.end_text();
  in_data.warn(path + ": --data");

  UnknownWords in_pairs(checkpoint.tokenizer);
  for (const MinimalPair& pair : questions.pairs) {
    for (const std::string& sentence : {pair.good, pair.bad}) {
      warn_of_lines(sentence, layout, pair.where);
      in_pairs.add(sentence);
    }
  }
  in_pairs.warn(path + ": --pairs");

  UnknownWords in_probes(checkpoint.tokenizer);
  for (const Probe& probe : questions.probes) {
    warn_of_lines(probe.text, layout, probe.where);
    in_probes.add(probe.text);
  }
  in_probes.warn(path + ": --probes");
}

bool has_bits_per_byte(const Answers& answers) {
  return answers.causal && answers.score->cut.count == 0;
}

Json to_json(const Answers& answers) {
  Json json = {{"checkpoint", replace_invalid_utf8(checkpoint_name(answers.checkpoint))},
               {"step", answers.step}};
  if (answers.score) {
    const Score& score = *answers.score;
    json["loss"] = score.loss();
    json["perplexity"] = score.perplexity();
    json["bits_per_byte"] = has_bits_per_byte(answers) ? Json(score.bits_per_byte()) : Json();
    json["accuracy"] = score.accuracy();
    json["tokens"] = score.tokens;
    json["bytes"] = score.text_bytes;
  }
  for (const PairAccuracy& group : answers.pairs) {
    json["pairs"][group.group] = {{"pairs", group.pairs}, {"accuracy", group.accuracy()}};
  }
  if (!answers.probes.empty()) json["probes"] = probes_json(answers.probes, answers.findings);
  if (answers.not_asked > 0) json["probes"]["not_asked"] = answers.not_asked;
  if (answers.geometry) json["geometry"] = geometry_json(*answers.geometry);
  return json;
}

std::string percent(double share) { return fixed(share * 100, 2) + "%"; }

}  // namespace

std::string source_line(const Answers& answers) {
  return concat(checkpoint_name(answers.checkpoint), " · step ", answers.step);
}

Answers answer(const Checkpoint& checkpoint, const Questions& questions, const Runtime& runtime) {
  Answers answers{.checkpoint = checkpoint.path.string(),
                  .step = checkpoint.state.step,
                  .causal = checkpoint.config.model.causal(),
                  .score = {},
                  .pairs = {},
                  .probes = {},
                  .not_asked = 0,
                  .findings = {},
                  .geometry = {}};
  const std::string& layout = checkpoint.config.data.layout;
  std::optional<TokenFile> tokens;
  if (!questions.data.empty()) {
    tokens.emplace(open_tokens(questions.data, checkpoint.tokenizer, layout));
  } else if (questions.pairs.empty() && questions.probes.empty() && !questions.geometry) {
    tokens = validation_of(checkpoint);
    if (!tokens)
      throw Error(answers.checkpoint + ": its run has no validation data; expected --data");
  }
  warn_of_texts(checkpoint, questions, questions.data.empty() ? nullptr : &*tokens);
  if (tokens) {
    answers.score =
        evaluate(*checkpoint.model, *tokens, checkpoint.config.seed, runtime, "evaluating");
    if (const CutDocuments& cut = answers.score->cut; cut.count > 0)
      log::warning(to_text(cut, checkpoint.config.model.context) + ", so no bits per byte");
  }
  if (!questions.pairs.empty()) {
    answers.pairs =
        evaluate_pairs(*checkpoint.model, checkpoint.tokenizer, layout, questions.pairs, runtime);
  }
  if (!questions.probes.empty()) {
    answers.probes =
        evaluate_probes(*checkpoint.model, checkpoint.tokenizer, layout, questions.probes, runtime);
    answers.not_asked =
        questions.probes.size() - askable_probes(questions.probes, answers.causal).size();
    if (has_attention(checkpoint.config.model) && !questions.accuracy_only)
      answers.findings = find_attention(checkpoint, questions.probes, answers.probes, runtime);
  }
  if (questions.geometry)
    answers.geometry = evaluate_geometry(checkpoint, *questions.geometry, runtime);
  return answers;
}

std::string report_table(const std::vector<Answers>& answers) {
  std::vector<std::string> header = {""};
  for (const Answers& column : answers) header.push_back(column.checkpoint);
  Table table(answers.size() > 1 ? header : std::vector<std::string>());
  const auto add = [&](const std::string& name, const auto& cell) {
    std::vector<std::string> row = {name};
    for (const Answers& column : answers) row.push_back(cell(column));
    table.add(row);
  };
  add("step", [](const Answers& column) { return std::to_string(column.step); });
  if (answers.front().score) {
    add("loss (nats per token)",
        [](const Answers& column) { return fixed(column.score->loss(), 4); });
    add("perplexity", [](const Answers& column) { return fixed(column.score->perplexity(), 3); });
    add("bits per byte", [](const Answers& column) {
      return has_bits_per_byte(column) ? fixed(column.score->bits_per_byte(), 4) : "–";
    });
    add("accuracy", [](const Answers& column) { return percent(column.score->accuracy()); });
    add("tokens", [](const Answers& column) { return with_commas(column.score->tokens); });
  }
  for (std::size_t index = 0; index < answers.front().pairs.size(); ++index) {
    const PairAccuracy& group = answers.front().pairs[index];
    add(concat("pairs: ", group.group, " (", with_commas(group.pairs), ")"),
        [&](const Answers& column) { return percent(column.pairs[index].accuracy()); });
  }
  std::string text = table.text();
  for (const Answers& column : answers) {
    if (column.probes.empty() && !column.geometry) continue;
    if (answers.size() > 1) text += concat("\n", column.checkpoint, "\n");
    if (column.not_asked > 0) {
      text += concat("  probes not asked, as their truth stands only behind the answer: ",
                     with_commas(column.not_asked), "\n");
    }
    if (!column.probes.empty()) text += probes_text(column.probes, column.findings);
    if (!column.probes.empty() && column.geometry) text += "\n";
    if (column.geometry) text += geometry_text(*column.geometry);
  }
  return text;
}

std::string report_json(const std::vector<Answers>& answers) {
  Json json = to_json(answers.front());
  if (answers.size() > 1) json["second"] = to_json(answers[1]);
  return json.dump(2) + "\n";
}

}  // namespace qkv
