#include "inspect/vectors/context_vectors.h"

#include "base/error.h"
#include "base/format.h"
#include "inspect/passage.h"
#include "predict/scoring.h"

namespace qkv::inspect {
namespace {

/// Keeps the vector of a word at every depth.
class DepthWatcher : public engine::Taps {
 public:
  DepthWatcher(const std::vector<std::int64_t>& tokens, base::ArrayOf<double>& depths)
      : tokens_(tokens), depths_(depths) {}

  bool wants(const engine::TapPlace& place) const override {
    return place.tap == engine::Tap::kOutput ||
           (place.tap == engine::Tap::kInput && place.layer == 0);
  }

  void see(const engine::TapPlace& place, base::MutableView value) override {
    const bool input = place.tap == engine::Tap::kInput;
    const std::span<double> depth = depths_[input ? 0 : place.layer + 1].values();
    const auto count = static_cast<double>(tokens_.size());
    for (const std::int64_t token : tokens_) {
      const std::span<const float> vector = value[token].values();
      for (std::size_t at = 0; at < depth.size(); ++at)
        depth[at] += static_cast<double>(vector[at]) / count;
    }
  }

 private:
  const std::vector<std::int64_t>& tokens_;
  base::ArrayOf<double>& depths_;
};

}  // namespace

PlacedWord place_word(const checkpoint::Checkpoint& checkpoint, const std::string& text,
                      const base::Span& span, const std::string& name) {
  const Passage passage = encode_passage(checkpoint, text, name);
  PlacedWord word{.ids = ids_of(passage), .tokens = {}};
  for (std::size_t place = 0; place < passage.tokens.size(); ++place) {
    const text::Token& token = passage.tokens[place];
    if (span.overlaps({.begin = token.begin, .end = token.end}))
      word.tokens.push_back(static_cast<std::int64_t>(place));
  }
  if (word.tokens.empty())
    throw base::Error(base::concat(name, ": found no token for ",
                                   base::quoted(text.substr(span.begin, span.end - span.begin)),
                                   ", expected one"));
  return word;
}

std::vector<base::ArrayOf<double>> context_vectors(const engine::Model& model,
                                                   const std::vector<PlacedWord>& words,
                                                   int threads, const std::string& label) {
  std::vector<predict::ScoredRow> rows;
  rows.reserve(words.size());
  for (const PlacedWord& word : words) rows.push_back({.ids = word.ids, .targets = {}});
  const spec::ModelConfig& config = model.config();
  std::vector<base::ArrayOf<double>> vectors(
      words.size(), base::ArrayOf<double>({config.layers + 1, config.width}));
  predict::score_rows(model, rows, threads,
                      predict::token_progress(label, predict::token_count(rows)),
                      [&](std::size_t word) {
                        return std::make_unique<DepthWatcher>(words[word].tokens, vectors[word]);
                      });
  return vectors;
}

}  // namespace qkv::inspect
