#include "inspect/lens/lens_analysis.h"

#include <algorithm>

#include "base/format.h"
#include "base/table.h"
#include "base/utf8.h"
#include "inspect/artefacts/describe.h"
#include "inspect/depths.h"
#include "inspect/fillings.h"
#include "inspect/vocabulary.h"
#include "render/word_grid.h"

namespace qkv::inspect {
namespace {

constexpr double kNumber = 8;  // bytes

std::size_t depth_count(const spec::ModelConfig& model) { return depth_names(model).size(); }

/// Each element of a list in a line of its own.
std::string lines_json(const base::Json& list) {
  std::string out = "[";
  for (std::size_t index = 0; index < list.size(); ++index) {
    out += index == 0 ? "\n    " : ",\n    ";
    out += list[index].dump();
  }
  return out + "\n  ]";
}

base::Json top_json(const text::Tokenizer& tokenizer, const std::vector<Filling>& fillings) {
  base::Json top = base::Json::array();
  for (const auto& [id, probability] : fillings)
    top.push_back({{"id", id}, {"piece", tokenizer.piece(id)}, {"probability", probability}});
  return top;
}

render::WordGrid word_grid(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                           const Lens& lens) {
  const spec::ModelConfig& model = checkpoint.config.model;
  const text::Tokenizer& tokenizer = checkpoint.tokenizer;
  render::WordGrid grid;
  grid.title = model.causal() ? "What each depth would predict as the next word"
                              : "What each depth would predict in each word's place";
  grid.subtitle = base::replace_invalid_utf8(source_line(checkpoint));
  grid.column_labels = token_labels(inspection.passage, tokenizer);
  grid.legend = "probability of the word";
  grid.note = model.causal() ? "bold: the word that comes next in the text"
                             : "bold: the word that stands there";
  const std::vector<std::int32_t> ids = ids_of(inspection.passage);
  for (std::size_t depth = 0; depth < lens.depths.size(); ++depth) {
    grid.row_labels.push_back(readable_place(lens.depths[depth], model.recurrent()));
    std::vector<render::WordCell>& row = grid.cells.emplace_back();
    for (std::size_t token = 0; token < ids.size(); ++token) {
      const Filling& first = lens.top[depth][token].front();
      row.push_back({.word = piece_word(tokenizer, first.id),
                     .share = static_cast<float>(std::min(first.probability, 1.0)),
                     .strong = first.id == piece_to_predict(ids, token, model.causal())});
    }
  }
  return grid;
}

}  // namespace

std::string lens_json(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                      const Lens& lens) {
  std::string out = describe_source(checkpoint, inspection.passage) +
                    ",\n  \"depths\": " + base::Json(lens.depths).dump() +
                    ",\n  \"probability\": " + lines_json(lists_json(lens.probability)) +
                    ",\n  \"kl\": " + lines_json(lists_json(lens.divergence)) + ",\n  \"top\": [";
  for (std::size_t depth = 0; depth < lens.depths.size(); ++depth) {
    base::Json row = base::Json::array();
    for (const std::vector<Filling>& fillings : lens.top[depth])
      row.push_back(top_json(checkpoint.tokenizer, fillings));
    out += (depth == 0 ? "\n  " : ",\n  ") + lines_json(row);
  }
  return out + "\n  ]\n}\n";
}

std::string lens_text(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                      const Lens& lens) {
  const spec::ModelConfig& model = checkpoint.config.model;
  std::string out;
  for (const std::size_t token : asked_tokens(inspection.passage, model.causal())) {
    if (!out.empty()) out += "\n";
    out += base::concat("what each depth would predict ",
                        model.causal() ? "after token " : "for the <mask> at token ", token, "\n");
    base::Table table({"depth", "most probable", "probability", "second", "probability",
                       "distance to the output (KL, nats)"});
    for (std::size_t depth = 0; depth < lens.depths.size(); ++depth) {
      std::vector<std::string> row = {readable_place(lens.depths[depth], model.recurrent())};
      for (std::size_t place = 0; place < 2; ++place) {
        const std::vector<Filling>& top = lens.top[depth][token];
        row.push_back(place < top.size() ? piece_word(checkpoint.tokenizer, top[place].id) : "");
        row.push_back(place < top.size() ? base::fixed(top[place].probability, 4) : "");
      }
      row.push_back(
          base::fixed(lens.divergence[static_cast<std::int64_t>(depth)].values()[token], 3));
      table.add(std::move(row));
    }
    out += table.text();
  }
  return out;
}

void LensAnalysis::require_possible(const checkpoint::Checkpoint& checkpoint,
                                    const Passage& passage, bool draws) const {
  if (draws)
    render::require_word_grid_fits(depth_count(checkpoint.config.model), passage.tokens.size());
}

double LensAnalysis::bytes(const checkpoint::Checkpoint& checkpoint, std::int64_t tokens,
                           int /*threads*/) const {
  constexpr double kText = 400;  // of a cell in lens.json, in a text that grows
  constexpr double kFloat = 4;
  const spec::ModelConfig& model = checkpoint.config.model;
  const auto vocabulary = static_cast<double>(checkpoint.tokenizer.size());
  const auto count = static_cast<double>(tokens);
  return count * ((kFloat + kNumber) * vocabulary + kFloat * static_cast<double>(model.width) +
                  static_cast<double>(depth_count(model)) * kText) +
         4 * kNumber * vocabulary;
}

Finding LensAnalysis::find(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                           int /*threads*/) const {
  const Lens lens = read_lens(*checkpoint.model, ids_of(inspection.passage), inspection.taps);
  return {.text = lens_text(checkpoint, inspection, lens),
          .json = lens_json(checkpoint, inspection, lens),
          .pictures = {{"lens", [grid = word_grid(checkpoint, inspection, lens)](const auto& path,
                                                                                 auto format) {
                          render::draw_word_grid(grid, path, format);
                        }}}};
}

}  // namespace qkv::inspect
