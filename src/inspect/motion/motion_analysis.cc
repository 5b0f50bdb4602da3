#include "inspect/motion/motion_analysis.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "base/format.h"
#include "base/table.h"
#include "base/utf8.h"
#include "inspect/artefacts/describe.h"
#include "inspect/depths.h"
#include "inspect/motion/motion.h"
#include "inspect/trace/columns.h"
#include "inspect/vectors/context_vectors.h"
#include "predict/scoring.h"
#include "render/motion/motion.h"

namespace qkv::inspect {
namespace {

/// Whether letters or digits surround these bytes: they are a part of a longer word.
bool is_inside_word(const std::string& text, std::size_t begin, std::size_t end) {
  const auto in_word = [&](std::size_t at) {
    while (at > 0 && base::continues_character(text[at])) --at;
    const auto character = base::decode_utf8(text, at);
    return character && base::kind_of(character->code) == base::CharacterKind::kWord;
  };
  return (begin > 0 && in_word(begin - 1)) || (end < text.size() && in_word(end));
}

/// The bytes of the last `word` in the text, as a whole word if there is one. Throws Error.
base::Span last_word(const std::string& text, const std::string& word) {
  if (word.empty()) throw base::Error("--motion: found an empty word, expected a word of the text");
  const std::size_t any = text.rfind(word);
  if (any == std::string::npos)
    throw base::Error(base::concat("--motion: found no ", base::quoted(word),
                                   " in the text, expected a word of it"));
  std::size_t begin = any;
  while (begin != std::string::npos && is_inside_word(text, begin, begin + word.size()))
    begin = begin == 0 ? std::string::npos : text.rfind(word, begin - 1);
  if (begin == std::string::npos) begin = any;
  return {.begin = begin, .end = begin + word.size()};
}

/// "embedding", then "layers.L.output" of each layer.
std::vector<std::string> vector_depths(const spec::ModelConfig& model) {
  std::vector<std::string> names = {"embedding"};
  for (std::int64_t layer = 0; layer < model.layers; ++layer)
    names.push_back(base::concat("layers.", layer, ".output"));
  return names;
}

std::string readable_depth(const std::string& depth) {
  if (depth == "embedding") return depth;
  const std::string place = readable_place(depth);
  return "after " + place.substr(0, place.find(','));
}

/// The two senses between which the word moves, in the order of the file.
std::array<std::string, 2> two_senses(const std::vector<world::SenseSentence>& sentences,
                                      const std::vector<base::ArrayOf<double>>& vectors,
                                      const base::ArrayOf<double>& whole) {
  std::vector<std::string> names;
  std::map<std::string, std::pair<std::vector<double>, double>> sums;
  for (std::size_t at = 0; at < sentences.size(); ++at) {
    auto& [sum, count] = sums[sentences[at].sense];
    if (sum.empty()) names.push_back(sentences[at].sense);
    const std::span<const double> last = vectors[at][vectors[at].shape[0] - 1].values();
    sum.resize(last.size());
    for (std::size_t place = 0; place < last.size(); ++place) sum[place] += last[place];
    ++count;
  }
  const std::span<const double> end = whole[whole.shape[0] - 1].values();
  const auto distance = [&](const std::string& name) {
    const auto& [sum, count] = sums[name];
    double square = 0;
    for (std::size_t place = 0; place < end.size(); ++place)
      square += std::pow(sum[place] / count - end[place], 2);
    return square;
  };
  std::vector<std::string> nearest = names;
  std::ranges::stable_sort(nearest, {}, distance);
  std::array<std::string, 2> two = {nearest[0], nearest[1]};
  const auto place = [&](const std::string& name) { return std::ranges::find(names, name); };
  if (place(two[1]) < place(two[0])) std::swap(two[0], two[1]);
  return two;
}

/// All that was measured.
struct MotionReport {
  std::string word;
  base::Span span;  ///< in the text
  std::vector<GrowingContext> contexts;
  std::array<std::string, 2> senses;
  std::vector<world::SenseSentence> sentences;  ///< of these two
  std::vector<bool> is_b;
  std::vector<std::string> names;  ///< of the depths
  std::vector<MotionDepth> depths;
};

std::string motion_json(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                        const MotionReport& report) {
  base::Json frames = base::Json::array();
  for (const GrowingContext& context : report.contexts)
    frames.push_back({{"text", context.text}, {"added", context.added}});
  base::Json sentences = base::Json::array();
  for (const world::SenseSentence& sentence : report.sentences)
    sentences.push_back({{"sense", sentence.sense}, {"text", sentence.text}});
  std::string out = describe_source(checkpoint, inspection.passage);
  const auto field = [&](const char* key, const base::Json& value) {
    out += base::concat(",\n  \"", key, "\": ", value.dump());
  };
  field(
      "word",
      base::Json({{"text", report.word}, {"begin", report.span.begin}, {"end", report.span.end}}));
  field("senses", report.senses);
  field("frames", frames);
  field("sentences", sentences);
  field("depths", report.names);
  const auto by_depth = [&](const char* key, const auto& value_of) {
    base::Json list = base::Json::array();
    for (const MotionDepth& depth : report.depths) list.push_back(value_of(depth));
    field(key, list);
  };
  by_depth("separation", [](const MotionDepth& depth) { return base::Json(depth.separation); });
  by_depth("axis", [](const MotionDepth& depth) { return base::Json(depth.axis); });
  by_depth("sentence_axis",
           [](const MotionDepth& depth) { return base::Json(depth.sentence_axis); });
  by_depth("explained", [](const MotionDepth& depth) { return base::Json(depth.explained); });
  by_depth("plane", [](const MotionDepth& depth) { return lists_json(depth.plane); });
  by_depth("sentence_plane",
           [](const MotionDepth& depth) { return lists_json(depth.sentence_plane); });
  return out + "\n}\n";
}

std::string motion_text(const MotionReport& report) {
  std::string out = base::concat("where “", report.word, "” is between the means of “",
                                 report.senses[0], "” (−1) and “", report.senses[1], "” (1)\n");
  std::vector<std::string> header = {"words", "word that was added"};
  for (const std::string& depth : report.names) header.push_back(readable_depth(depth));
  base::Table table(header);
  for (std::size_t frame = 0; frame < report.contexts.size(); ++frame) {
    const std::string& added = report.contexts[frame].added;
    std::vector<std::string> row = {std::to_string(frame + 1), added.empty() ? "—" : added};
    for (const MotionDepth& depth : report.depths) row.push_back(signed_text(depth.axis[frame], 2));
    table.add(std::move(row));
  }
  return out + table.text();
}

std::vector<render::Point> points_of(const base::ArrayOf<double>& plane) {
  std::vector<render::Point> points;
  for (std::int64_t row = 0; row < plane.shape[0]; ++row)
    points.push_back({plane[row].data[0], plane[row].data[1]});
  return points;
}

/// The words of the text, each with the frame from which it is there. The punctuation that touches
/// the word belongs to it; words that no frame has are left out.
std::vector<render::MotionWord> motion_words(const MotionReport& report) {
  std::vector<render::MotionWord> before;
  std::vector<render::MotionWord> after;
  for (std::size_t frame = 1; frame < report.contexts.size(); ++frame) {
    const GrowingContext& context = report.contexts[frame];
    const bool is_before = context.begin < report.contexts[frame - 1].begin;
    (is_before ? before : after).push_back({.word = context.added, .from = frame});
  }
  std::ranges::reverse(before);
  before.push_back({.word = report.word, .from = 0, .strong = true});
  before.insert(before.end(), after.begin(), after.end());
  return before;
}

render::Motion motion_picture(const checkpoint::Checkpoint& checkpoint,
                              const MotionReport& report) {
  const std::vector<std::size_t> groups(report.is_b.begin(), report.is_b.end());
  const MotionDepth& last = report.depths.back();
  render::Motion motion{
      .title = base::concat("How “", report.word, "” moves as words are added"),
      .subtitle = base::replace_invalid_utf8(source_line(checkpoint)),
      .groups = {report.senses.begin(), report.senses.end()},
      .words = motion_words(report),
      .group_of = groups,
      .axis_title = "Between the means of two senses, at each depth",
      .rows = {},
      .plane_title = base::concat("In the plane, ", readable_depth(report.names.back())),
      .x_title = base::concat("principal component 1 (", base::fixed(100 * last.explained[0], 0),
                              "% of the variance)"),
      .y_title = base::concat("2 (", base::fixed(100 * last.explained[1], 0), "%)"),
      .frames = points_of(last.plane),
      .companions = points_of(last.sentence_plane)};
  for (std::size_t depth = 0; depth < report.depths.size(); ++depth) {
    motion.rows.push_back({.label = readable_depth(report.names[depth]),
                           .frames = report.depths[depth].axis,
                           .companions = report.depths[depth].sentence_axis});
  }
  return motion;
}

}  // namespace

std::vector<world::SenseSentence> MotionAnalysis::sentences(const std::string& text) const {
  std::vector<world::SenseSentence> found;
  for (const world::SenseSentence& sentence : labelled_.senses)
    if (sentence.word == word_ && sentence.text != text) found.push_back(sentence);
  return found;
}

void MotionAnalysis::require_possible(const checkpoint::Checkpoint& checkpoint,
                                      const Passage& passage, bool draws) const {
  const base::Span span = last_word(passage.text, word_);
  const bool causal = checkpoint.config.model.causal();
  const auto contexts = growing_contexts(passage.text, span.begin, span.end, causal);
  std::vector<std::string> senses;
  for (const world::SenseSentence& sentence : sentences(passage.text))
    if (std::ranges::find(senses, sentence.sense) == senses.end()) senses.push_back(sentence.sense);
  if (senses.size() < 2)
    throw base::Error(base::concat(labelled_.where, ": senses: found sentences with ",
                                   senses.size(), " senses of ", base::quoted(word_),
                                   ", expected at least 2 for --motion"));
  if (draws)
    render::require_motion_fits(vector_depths(checkpoint.config.model).size(), contexts.size());
}

double MotionAnalysis::bytes(const checkpoint::Checkpoint& checkpoint, std::int64_t tokens,
                             int threads) const {
  const spec::ModelConfig& model = checkpoint.config.model;
  const double vectors = static_cast<double>(labelled_.senses.size()) +
                         static_cast<double>(tokens);  // words are at most as many
  const auto vocabulary = static_cast<std::int64_t>(checkpoint.tokenizer.size());
  return vectors * static_cast<double>((model.layers + 1) * model.width) * 3 * sizeof(double) +
         vectors * static_cast<double>(tokens) * sizeof(std::int32_t) +
         threads * predict::scorer_bytes(model, vocabulary,
                                         {.tokens = std::max(tokens, model.context), .taps = true});
}

Finding MotionAnalysis::find(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                             int threads) const {
  const std::string& text = inspection.passage.text;
  MotionReport report;
  report.word = word_;
  report.span = last_word(text, word_);
  report.contexts =
      growing_contexts(text, report.span.begin, report.span.end, checkpoint.config.model.causal());
  report.names = vector_depths(checkpoint.config.model);

  std::vector<PlacedWord> frames;
  frames.reserve(report.contexts.size());
  for (const GrowingContext& context : report.contexts)
    frames.push_back(place_word(checkpoint, context.text,
                                {.begin = context.word, .end = context.word + word_.size()},
                                "--motion"));
  const std::vector<world::SenseSentence> all = sentences(text);
  std::vector<PlacedWord> labelled;
  labelled.reserve(all.size());
  for (const world::SenseSentence& sentence : all)
    labelled.push_back(
        place_word(checkpoint, sentence.text, sentence.span,
                   base::concat(labelled_.where, ": ", base::quoted(sentence.text))));
  const auto frame_vectors = context_vectors(*checkpoint.model, frames, threads);
  const auto all_vectors = context_vectors(*checkpoint.model, labelled, threads);

  report.senses = two_senses(all, all_vectors, frame_vectors.back());
  std::vector<base::ArrayOf<double>> vectors;
  for (std::size_t at = 0; at < all.size(); ++at) {
    if (std::ranges::find(report.senses, all[at].sense) == report.senses.end()) continue;
    report.sentences.push_back(all[at]);
    report.is_b.push_back(all[at].sense == report.senses[1]);
    vectors.push_back(all_vectors[at]);
  }
  report.depths = measure_motion(frame_vectors, vectors, report.is_b);
  return {.text = motion_text(report),
          .json = motion_json(checkpoint, inspection, report),
          .pictures = {{"motion", [motion = motion_picture(checkpoint, report)](const auto& path,
                                                                                auto format) {
                          render::draw_motion(motion, path, format);
                        }}}};
}

}  // namespace qkv::inspect
