#include "evaluate/reading.h"

#include <algorithm>

#include "base/error.h"
#include "base/format.h"

namespace qkv::evaluate {
namespace {

/// A text's ids as the model read texts in training, and which of them count.
struct Sequence {
  std::vector<std::int32_t> ids;
  std::vector<base::Span> spans;
  std::vector<bool> counts;
};

Sequence sequence_of(const ScoredText& text, const text::Tokenizer& tokenizer,
                     spec::TextLayout layout) {
  Sequence sequence;
  const auto add = [&](std::int32_t id, const base::Span& span, bool counts) {
    sequence.ids.push_back(id);
    sequence.spans.push_back(span);
    sequence.counts.push_back(counts);
  };
  std::string context;  // before the text
  if (layout == spec::TextLayout::kStream) {
    context = "\n";
  } else {
    add(text::Tokenizer::kBegin, {}, false);
  }
  // The end is open, so that a token without width counts as well, unless it is at the beginning of
  // the text.
  base::Span counted{.begin = context.size(), .end = std::string::npos};
  if (text.scored) {
    counted = {.begin = context.size() + text.scored->begin,
               .end = context.size() + text.scored->end};
  }
  const auto in_text = [&](std::size_t place) {
    return std::max(place, context.size()) - context.size();
  };
  for (const text::Token& token : tokenizer.encode_with_offsets(context + text.text)) {
    add(token.id, {.begin = in_text(token.begin), .end = in_text(token.end)},
        counted.overlaps({.begin = token.begin, .end = token.end}));
  }
  const base::Span end{.begin = text.text.size(), .end = text.text.size()};
  if (layout != spec::TextLayout::kStream) add(text::Tokenizer::kEnd, end, !text.scored);
  return sequence;
}

Reading causal_reading(Sequence sequence) {
  // Tokens after the last one that counts change nothing.
  const auto last = std::find(sequence.counts.rbegin(), sequence.counts.rend(), true).base() - 1 -
                    sequence.counts.begin();
  Reading reading;
  for (std::int64_t place = 0; place < last; ++place) {
    const auto next = static_cast<std::size_t>(place) + 1;
    if (sequence.counts[next])
      reading.targets.push_back({.place = place, .piece = sequence.ids[next]});
  }
  sequence.ids.resize(static_cast<std::size_t>(last));
  sequence.spans.resize(static_cast<std::size_t>(last));
  reading.ids = std::move(sequence.ids);
  reading.spans = std::move(sequence.spans);
  return reading;
}

std::vector<Reading> masked_readings(const Sequence& sequence, bool at_once) {
  const Reading unmasked{.ids = sequence.ids, .spans = sequence.spans, .targets = {}};
  std::vector<Reading> readings;
  if (at_once) readings.push_back(unmasked);
  for (std::size_t place = 0; place < sequence.ids.size(); ++place) {
    if (!sequence.counts[place] || sequence.ids[place] == text::Tokenizer::kEnd) continue;
    if (!at_once) readings.push_back(unmasked);
    Reading& reading = readings.back();
    reading.ids[place] = text::Tokenizer::kMask;
    reading.targets.push_back(
        {.place = static_cast<std::int64_t>(place), .piece = sequence.ids[place]});
  }
  return readings;
}

/// A causal model reads all tokens except the last, which it only predicts.
std::int64_t read_of(const Sequence& sequence, const spec::ModelConfig& model) {
  return static_cast<std::int64_t>(sequence.ids.size()) - (model.causal() ? 1 : 0);
}

void require_fit(const Sequence& sequence, const ScoredText& text, const spec::ModelConfig& model) {
  const std::string name = text.where.empty() ? base::quoted(text.text) : text.where;
  const std::int64_t read = read_of(sequence, model);
  if (read > model.context) {
    throw base::Error(base::concat(name, ": found a text of ", read,
                                   " tokens, expected at most the context of ", model.context));
  }
  if (std::find(sequence.counts.begin(), sequence.counts.end(), true) == sequence.counts.end())
    throw base::Error(
        base::concat(name, ": found nothing to predict, expected at least one token"));
}

}  // namespace

std::int64_t tokens_read(const ScoredText& text, const text::Tokenizer& tokenizer,
                         spec::TextLayout layout, const spec::ModelConfig& model) {
  return read_of(sequence_of(text, tokenizer, layout), model);
}

std::vector<Reading> readings_of(const ScoredText& text, const text::Tokenizer& tokenizer,
                                 spec::TextLayout layout, const spec::ModelConfig& model) {
  Sequence sequence = sequence_of(text, tokenizer, layout);
  require_fit(sequence, text, model);
  if (model.causal()) return {causal_reading(std::move(sequence))};
  return masked_readings(sequence, text.scored.has_value());
}

}  // namespace qkv::evaluate
