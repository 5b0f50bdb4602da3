#include "evaluate/heads/head_study.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "base/table.h"
#include "evaluate/cells.h"

namespace qkv::evaluate {
namespace {

constexpr std::size_t kRandomTexts = 16;
constexpr std::uint64_t kWindows = 64;
/// A head that gives this much to the tokens of a kind of induction does it.
constexpr double kDoesInduction = 0.3;

/// At most kWindows windows of this many tokens, spread evenly over the text.
inspect::IdRows windows_of(const text::TokenFile& tokens, std::uint64_t length) {
  const std::uint64_t all = tokens.size() / length;
  const std::uint64_t count = std::min(all, kWindows);
  inspect::IdRows rows;
  for (std::uint64_t window = 0; window < count; ++window) {
    std::vector<std::int32_t>& ids = rows.emplace_back(length);
    tokens.read(all * window / count * length, ids);
  }
  return rows;
}

std::string kind_of_induction(double random, double in_text) {
  if (random >= kDoesInduction) return in_text >= kDoesInduction ? "both" : "random";
  return in_text >= kDoesInduction ? "text" : kNoCell;
}

}  // namespace

void require_heads(const checkpoint::Checkpoint& checkpoint) {
  const spec::ModelConfig& model = checkpoint.config.model;
  if (model.has_scores()) return;
  throw base::Error(base::concat(
      "--heads: found ", model.recurrent() ? "a recurrent model" : "no softmax attention", " in ",
      checkpoint.path.string(), ", expected a Transformer with softmax attention"));
}

HeadStudy study_heads(const checkpoint::Checkpoint& checkpoint, const text::TokenFile& tokens,
                      int threads) {
  const auto context = static_cast<std::uint64_t>(checkpoint.config.model.context);
  const std::uint64_t half = context / 2;
  if (half < 2 || tokens.size() < half) {
    throw base::Error(base::concat("--heads: found ", tokens.size(), " tokens for a context of ",
                                   context, ", expected at least half a context of 4 or more"));
  }
  std::vector<std::int32_t> pieces;
  for (std::int32_t id = 0; id < checkpoint.tokenizer.size(); ++id) {
    if (!checkpoint.tokenizer.is_special(id)) pieces.push_back(id);
  }
  const engine::Model& model = *checkpoint.model;
  const auto scores = [&](const inspect::IdRows& rows) {
    return inspect::head_scores(model, rows, threads);
  };
  return {
      .random = scores(inspect::repeated(inspect::random_texts(pieces, kRandomTexts, half), {})),
      .repeated = scores(inspect::repeated(windows_of(tokens, half), {})),
      .text = scores(windows_of(tokens, std::min(context, tokens.size())))};
}

std::string heads_text(const HeadStudy& study) {
  base::Table table({"head", "previous", "duplicate", "induction", "in text", "kind", "first token",
                     "entropy", "distance"});
  const std::int64_t heads = study.random.previous.shape[1];
  for (std::size_t at = 0; at < study.random.previous.values.size(); ++at) {
    const auto place = static_cast<std::int64_t>(at);
    const auto cell = [&](const base::ArrayOf<double>& scores, int decimals = 2) {
      return std::isfinite(scores.values[at]) ? number_cell(scores.values[at], decimals) : kNoCell;
    };
    table.add(
        {head_cell({.layer = place / heads, .head = place % heads}), cell(study.random.previous),
         cell(study.random.duplicate), cell(study.random.induction), cell(study.repeated.induction),
         kind_of_induction(study.random.induction.values[at], study.repeated.induction.values[at]),
         cell(study.text.first_token), cell(study.text.entropy), cell(study.text.distance, 1)});
  }
  return base::concat(
      table.text(),
      "  previous, duplicate, induction: attention on random pieces that are repeated once.\n"
      "  in text: induction on segments of the text, each followed by itself.\n"
      "  kind: which of the two inductions is at least ",
      base::fixed(kDoesInduction, 1),
      ".\n  first token, entropy (share of the largest), distance (tokens): on the text.\n");
}

base::Json heads_json(const HeadStudy& study) {
  const std::int64_t heads = study.random.previous.shape[1];
  base::Json list = base::Json::array();
  for (std::size_t at = 0; at < study.random.previous.values.size(); ++at) {
    const auto place = static_cast<std::int64_t>(at);
    const auto number = [&](const base::ArrayOf<double>& scores) {
      return std::isfinite(scores.values[at]) ? base::Json(scores.values[at]) : base::Json();
    };
    list.push_back({{"layer", place / heads},
                    {"head", place % heads},
                    {"previous", number(study.random.previous)},
                    {"duplicate", number(study.random.duplicate)},
                    {"induction", number(study.random.induction)},
                    {"induction_in_text", number(study.repeated.induction)},
                    {"first_token", number(study.text.first_token)},
                    {"entropy", number(study.text.entropy)},
                    {"distance", number(study.text.distance)}});
  }
  return {{"heads", list}};
}

}  // namespace qkv::evaluate
