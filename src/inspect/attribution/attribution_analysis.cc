#include "inspect/attribution/attribution_analysis.h"

#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "base/table.h"
#include "base/utf8.h"
#include "inspect/artefacts/describe.h"
#include "inspect/depths.h"
#include "inspect/fillings.h"
#include "inspect/vocabulary.h"
#include "render/chart/chart.h"

namespace qkv::inspect {
namespace {

constexpr const char* kOption = "--attribution";

/// The pieces whose logits are compared, at a token.
struct Question {
  std::int64_t token = 0;
  std::int32_t a = 0;
  std::int32_t b = 0;
};

std::int64_t asked_token(const Passage& passage, bool causal,
                         const std::optional<std::int64_t>& token) {
  const auto count = static_cast<std::int64_t>(passage.tokens.size());
  if (token) {
    require_index("token", *token, count);
    return *token;
  }
  return answering_token(passage, causal, kOption, "in the text, expected exactly one, or --token");
}

/// Of "A,B". The comma may itself be one of the words.
std::pair<std::int32_t, std::int32_t> pieces_of(const text::Tokenizer& tokenizer,
                                                const std::string& words) {
  const std::size_t comma = words.find(',', 1);
  if (comma == std::string::npos || comma + 1 == words.size())
    throw base::Error(base::concat(kOption, ": found ", base::quoted(words),
                                   ", expected two words with a comma between them"));
  return {find_piece(tokenizer, words.substr(0, comma), kOption),
          find_piece(tokenizer, words.substr(comma + 1), kOption)};
}

Question question_of(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                     const AttributionRequest& request) {
  Question question;
  question.token = asked_token(inspection.passage, checkpoint.config.model.causal(), request.token);
  if (!request.words.empty()) {
    std::tie(question.a, question.b) = pieces_of(checkpoint.tokenizer, request.words);
    return question;
  }
  const std::vector<Filling> likeliest =
      fillings(inspection, checkpoint.tokenizer, static_cast<std::size_t>(question.token), 2);
  if (likeliest.size() < 2)
    throw base::Error(base::concat(kOption, ": found a vocabulary of ", likeliest.size(),
                                   " pieces, expected two to compare"));
  question.a = likeliest[0].id;
  question.b = likeliest[1].id;
  return question;
}

/// With a sign, for a difference.
std::string signed_number(double value) {
  const std::string digits = base::fixed(std::abs(value), 4);
  return (value < 0 ? "−" : "+") + digits;
}

std::string heading(const text::Tokenizer& tokenizer, const Question& question) {
  return base::concat("what each part adds to the logit of “", piece_word(tokenizer, question.a),
                      "” minus that of “", piece_word(tokenizer, question.b), "” at token ",
                      question.token);
}

std::string attribution_text(const text::Tokenizer& tokenizer, const Question& question,
                             const Attribution& found) {
  base::Table table({"part", "adds (nats)"});
  for (const auto& [name, value] : found.parts)
    table.add({readable_place(name), signed_number(value)});
  table.add({"all", signed_number(found.difference)});
  return heading(tokenizer, question) + "\n" + table.text();
}

std::string attribution_json(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                             const Question& question, const Attribution& found) {
  std::string out = describe_source(checkpoint, inspection.passage) +
                    base::concat(",\n  \"token\": ", question.token) +
                    ",\n  \"a\": " + piece_json(checkpoint.tokenizer, question.a).dump() +
                    ",\n  \"b\": " + piece_json(checkpoint.tokenizer, question.b).dump() +
                    ",\n  \"difference\": " + base::Json(found.difference).dump() +
                    ",\n  \"parts\": [";
  for (std::size_t index = 0; index < found.parts.size(); ++index) {
    const auto& [name, value] = found.parts[index];
    out += index == 0 ? "\n    " : ",\n    ";
    out += base::Json({{"name", name}, {"value", value}}).dump();
  }
  return out + "\n  ]\n}\n";
}

render::ChartPage chart(const checkpoint::Checkpoint& checkpoint, const Question& question,
                        const Attribution& found) {
  const text::Tokenizer& tokenizer = checkpoint.tokenizer;
  render::Chart bars;
  bars.title = base::concat("logit of “", piece_word(tokenizer, question.a), "” − logit of “",
                            piece_word(tokenizer, question.b), "” at token ", question.token, ": ",
                            signed_number(found.difference));
  bars.y_title = "adds (nats)";
  render::Series& series = bars.series.emplace_back();
  series.name = "adds";
  for (const auto& [name, value] : found.parts) {
    bars.categories.push_back(readable_place(name));
    series.values.push_back(value);
  }
  return {.title = "What each part of the model adds to the answer",
          .subtitle = base::replace_invalid_utf8(source_line(checkpoint)),
          .panels = {bars}};
}

}  // namespace

void AttributionAnalysis::require_possible(const checkpoint::Checkpoint& checkpoint,
                                           const Passage& passage, bool /*draws*/) const {
  require_transformer(checkpoint, kOption, "parts whose outputs add up");
  const spec::ModelConfig& model = checkpoint.config.model;
  asked_token(passage, model.causal(), request_.token);
  if (!request_.words.empty()) pieces_of(checkpoint.tokenizer, request_.words);
}

double AttributionAnalysis::bytes(const checkpoint::Checkpoint& checkpoint, std::int64_t /*tokens*/,
                                  int /*threads*/) const {
  // Copies of the output layer and of a W_O.
  const spec::ModelConfig& model = checkpoint.config.model;
  return 4.0 * static_cast<double>(model.width) *
         static_cast<double>(model.width + checkpoint.tokenizer.size());
}

Finding AttributionAnalysis::find(const checkpoint::Checkpoint& checkpoint,
                                  const Inspection& inspection, int /*threads*/) const {
  const Question question = question_of(checkpoint, inspection, request_);
  const Attribution found =
      attribute(*checkpoint.model, inspection.taps, question.token, question.a, question.b);
  return {.text = attribution_text(checkpoint.tokenizer, question, found),
          .json = attribution_json(checkpoint, inspection, question, found),
          .pictures = {{"attribution",
                        [page = chart(checkpoint, question, found)](const auto& path, auto format) {
                          render::draw_charts(page, path, format);
                        }}}};
}

}  // namespace qkv::inspect
