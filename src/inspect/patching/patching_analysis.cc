#include "inspect/patching/patching_analysis.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "base/table.h"
#include "base/utf8.h"
#include "engine/size.h"
#include "inspect/artefacts/describe.h"
#include "inspect/depths.h"
#include "inspect/fillings.h"
#include "inspect/trace/columns.h"
#include "inspect/vocabulary.h"
#include "predict/scoring.h"
#include "render/word_grid.h"

namespace qkv::inspect {
namespace {

constexpr const char* kAgainst = "--against";

std::int64_t answered_token(const Passage& passage, bool causal) {
  return answering_token(passage, causal, kAgainst, "in a text, expected exactly one in both");
}

/// Throws Error unless both texts have as many tokens, and their answers at the same one.
void require_alike(const Passage& clean, const Passage& corrupt, bool causal) {
  if (clean.tokens.size() != corrupt.tokens.size())
    throw base::Error(base::concat(kAgainst, ": found texts of ", clean.tokens.size(), " and ",
                                   corrupt.tokens.size(), " tokens, expected equally many"));
  if (ids_of(clean) == ids_of(corrupt))
    throw base::Error(base::concat(kAgainst, ": found the same text twice, expected another"));
  const std::int64_t first = answered_token(clean, causal);
  const std::int64_t second = answered_token(corrupt, causal);
  if (first != second)
    throw base::Error(base::concat(kAgainst, ": found <mask> at tokens ", first, " and ", second,
                                   ", expected the same one in both texts"));
}

/// Everything that the report says.
struct Report {
  Passage corrupt;
  std::int64_t token = 0;
  std::int32_t a = 0;  ///< the answer to the clean text
  std::int32_t b = 0;  ///< the answer to the corrupt text
  Patching patching;
};

/// The keys of one direction.
std::string shares_json(const PatchedShares& shares, const std::string& indent) {
  const auto line = [&](const char* key, const base::ArrayOf<double>& values) {
    return indent + "\"" + key + "\": " + lists_json(values).dump();
  };
  return line("residual", shares.residual) + ",\n" + line("heads", shares.heads) + ",\n" +
         line("heads_by_token", shares.heads_by_token) + ",\n" + line("patterns", shares.patterns) +
         ",\n" + line("feed_forward", shares.feed_forward);
}

std::string patch_json(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                       const Report& report) {
  const Patching& patching = report.patching;
  const auto field = [](const char* key, const base::Json& value) {
    return base::concat(",\n  \"", key, "\": ", value.dump());
  };
  return describe_source(checkpoint, inspection.passage) + field("clean", inspection.passage.text) +
         field("corrupt", report.corrupt.text) + field("token", report.token) +
         field("a", piece_json(checkpoint.tokenizer, report.a)) +
         field("b", piece_json(checkpoint.tokenizer, report.b)) +
         field("clean_difference", patching.clean_difference) +
         field("corrupt_difference", patching.corrupt_difference) +
         field("depths", patching.depths) + ",\n" + shares_json(patching.recovered, "  ") +
         ",\n  \"lost\": {\n" + shares_json(patching.lost, "    ") + "\n  }\n}\n";
}

/// "·cat" → "cat".
std::string without_space(const std::string& label) {
  constexpr std::string_view kSpace = "·";
  return label.starts_with(kSpace) && label != kSpace ? label.substr(kSpace.size()) : label;
}

/// The label of each token; both where the texts differ.
std::vector<std::string> labels_of(const checkpoint::Checkpoint& checkpoint, const Passage& clean,
                                   const Passage& corrupt) {
  std::vector<std::string> labels = token_labels(clean, checkpoint.tokenizer);
  const std::vector<std::string> others = token_labels(corrupt, checkpoint.tokenizer);
  for (std::size_t token = 0; token < labels.size(); ++token)
    if (labels[token] != others[token])
      labels[token] = without_space(labels[token]) + "|" + without_space(others[token]);
  return labels;
}

std::vector<render::WordCell> cells_of(std::span<const double> shares) {
  std::vector<render::WordCell> cells;
  for (const double share : shares)
    cells.push_back({.word = signed_text(share, 2), .share = static_cast<float>(share)});
  return cells;
}

class PatchPictures {
 public:
  PatchPictures(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                const Report& report) {
    const spec::ModelConfig& model = checkpoint.config.model;
    const text::Tokenizer& tokenizer = checkpoint.tokenizer;
    const PatchedShares& shares = report.patching.recovered;
    render::WordGrid grid;
    grid.subtitle = base::replace_invalid_utf8(source_line(checkpoint));
    grid.legend = "recovered share of the difference";
    grid.has_sign = true;
    grid.note = base::concat("1: “", piece_word(tokenizer, report.a), "” leads “",
                             piece_word(tokenizer, report.b),
                             "” as after the text itself; 0: as "
                             "after the other text");
    parts_ = grid;

    grid.title = "Where the residual stream carries the answer";
    grid.column_labels = labels_of(checkpoint, inspection.passage, report.corrupt);
    for (std::size_t depth = 0; depth < report.patching.depths.size(); ++depth) {
      grid.row_labels.push_back(readable_place(report.patching.depths[depth]));
      grid.cells.push_back(cells_of(shares.residual[static_cast<std::int64_t>(depth)].values()));
    }
    residual_ = grid;

    parts_.title = "Which head and which feed-forward layer carries the answer";
    parts_.column_labels = {"all tokens"};
    const std::vector<std::string>& tokens = residual_.column_labels;
    parts_.column_labels.insert(parts_.column_labels.end(), tokens.begin(), tokens.end());
    for (std::int64_t layer = 0; layer < model.layers; ++layer) {
      for (std::int64_t head = 0; head < (model.has_attention() ? model.heads : 0); ++head) {
        std::vector<double> row = {shares.heads[layer].values()[static_cast<std::size_t>(head)]};
        const auto by_token = shares.heads_by_token[layer][head].values();
        row.insert(row.end(), by_token.begin(), by_token.end());
        add_part(base::concat("layer ", layer, ", head ", head), cells_of(row));
      }
      if (!model.has_feed_forward()) continue;
      std::vector<render::WordCell> row = cells_of(shares.feed_forward[layer].values());
      row.insert(row.begin(), render::WordCell{});
      add_part(base::concat("layer ", layer, ", feed-forward"), std::move(row));
    }
  }

  void draw_residual(const std::filesystem::path& path, render::PictureFormat format) const {
    render::draw_word_grid(residual_, path, format);
  }
  void draw_parts(const std::filesystem::path& path, render::PictureFormat format) const {
    render::draw_word_grid(parts_, path, format);
  }

 private:
  void add_part(const std::string& label, std::vector<render::WordCell> row) {
    parts_.row_labels.push_back(label);
    parts_.cells.push_back(std::move(row));
  }

  render::WordGrid residual_;
  render::WordGrid parts_;
};

/// The token whose patch recovers most, and how much.
std::string best_token(std::span<const double> shares, const std::vector<std::string>& labels) {
  const auto best =
      static_cast<std::size_t>(std::max_element(shares.begin(), shares.end()) - shares.begin());
  return base::concat(best, " ", labels[best], ": ", signed_text(shares[best], 2));
}

std::string patch_text(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                       const Report& report) {
  const spec::ModelConfig& model = checkpoint.config.model;
  const text::Tokenizer& tokenizer = checkpoint.tokenizer;
  const Patching& patching = report.patching;
  const std::vector<std::string> labels = labels_of(checkpoint, inspection.passage, report.corrupt);
  std::string out =
      base::concat("logit of “", piece_word(tokenizer, report.a), "” − logit of “",
                   piece_word(tokenizer, report.b), "” at token ", report.token, ": ",
                   base::fixed(patching.clean_difference, 3), " after this text, ",
                   base::fixed(patching.corrupt_difference, 3), " after the other\n",
                   "what a value of this text, put into the other, recovers of the difference\n");
  base::Table table({"value", "all tokens", "its best token", "lost without it"});
  const auto at = [](const base::ArrayOf<double>& shares, std::int64_t row, std::int64_t column) {
    return shares[row].values()[static_cast<std::size_t>(column)];
  };
  for (std::size_t depth = 0; depth < patching.depths.size(); ++depth) {
    const auto row = static_cast<std::int64_t>(depth);
    table.add({"residual stream, " + readable_place(patching.depths[depth]), "",
               best_token(patching.recovered.residual[row].values(), labels), ""});
  }
  for (std::int64_t layer = 0; layer < model.layers; ++layer) {
    for (std::int64_t head = 0; head < (model.has_attention() ? model.heads : 0); ++head)
      table.add({base::concat("layer ", layer, ", head ", head),
                 signed_text(at(patching.recovered.heads, layer, head), 2),
                 best_token(patching.recovered.heads_by_token[layer][head].values(), labels),
                 signed_text(at(patching.lost.heads, layer, head), 2)});
    if (model.has_feed_forward())
      table.add({base::concat("layer ", layer, ", feed-forward"), "",
                 best_token(patching.recovered.feed_forward[layer].values(), labels), ""});
  }
  return out + table.text();
}

std::int32_t likeliest(const Inspection& inspection, const text::Tokenizer& tokenizer,
                       std::int64_t token, std::int32_t other_than = -1) {
  for (const Filling& filling : fillings(inspection, tokenizer, static_cast<std::size_t>(token), 2))
    if (filling.id != other_than) return filling.id;
  throw base::Error(base::concat(kAgainst, ": found a vocabulary of one piece, expected two"));
}

}  // namespace

void PatchingAnalysis::require_possible(const checkpoint::Checkpoint& checkpoint,
                                        const Passage& passage, bool draws) const {
  require_transformer(checkpoint, kAgainst, "parts to patch");
  const spec::ModelConfig& model = checkpoint.config.model;
  require_alike(passage, read_passage(checkpoint, other_, kAgainst), model.causal());
  if (!draws) return;
  const std::size_t tokens = passage.tokens.size();
  render::require_word_grid_fits(static_cast<std::size_t>(model.layers * (model.heads + 1)),
                                 tokens + 1);
}

double PatchingAnalysis::bytes(const checkpoint::Checkpoint& checkpoint, std::int64_t tokens,
                               int threads) const {
  constexpr double kPatch =
      300;  // a change, its scores and shares, a cell of a picture and of JSON
  const spec::ModelConfig& model = checkpoint.config.model;
  const std::int64_t vocabulary = checkpoint.tokenizer.size();
  return inspection_bytes(checkpoint, tokens) +
         kPatch * static_cast<double>(patch_count(model, tokens)) +
         std::min(threads, 2) *
             predict::scorer_bytes(model, vocabulary, {.tokens = tokens, .taps = true});
}

Finding PatchingAnalysis::find(const checkpoint::Checkpoint& checkpoint,
                               const Inspection& inspection, int threads) const {
  const bool causal = checkpoint.config.model.causal();
  const Inspection other = inspect(checkpoint, encode_passage(checkpoint, other_, kAgainst));
  Report report;
  report.corrupt = other.passage;
  report.token = answered_token(inspection.passage, causal);
  report.a = likeliest(inspection, checkpoint.tokenizer, report.token);
  report.b = likeliest(other, checkpoint.tokenizer, report.token, report.a);
  const std::vector<std::int32_t> clean = ids_of(inspection.passage);
  const std::vector<std::int32_t> corrupt = ids_of(other.passage);
  report.patching = patch(*checkpoint.model,
                          {.clean = clean,
                           .corrupt = corrupt,
                           .clean_taps = inspection.taps,
                           .corrupt_taps = other.taps},
                          report.token, report.a, report.b, threads, "patching");
  const auto pictures = std::make_shared<PatchPictures>(checkpoint, inspection, report);
  return {
      .text = patch_text(checkpoint, inspection, report),
      .json = patch_json(checkpoint, inspection, report),
      .pictures = {{"patch", [pictures](const auto& path,
                                        auto format) { pictures->draw_residual(path, format); }},
                   {"patch-parts", [pictures](const auto& path, auto format) {
                      pictures->draw_parts(path, format);
                    }}}};
}

}  // namespace qkv::inspect
