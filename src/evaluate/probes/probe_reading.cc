#include "evaluate/probes/probe_reading.h"

#include <algorithm>

namespace qkv::evaluate {
namespace {

std::vector<std::int64_t> tokens_in(const Reading& reading, const std::vector<base::Span>& spans) {
  std::vector<std::int64_t> tokens;
  for (std::size_t token = 0; token < reading.spans.size(); ++token) {
    const bool inside = std::any_of(spans.begin(), spans.end(), [&](const base::Span& span) {
      return span.overlaps(reading.spans[token]);
    });
    if (inside) tokens.push_back(static_cast<std::int64_t>(token));
  }
  return tokens;
}

}  // namespace

bool can_be_known(const world::Probe& probe, bool causal) {
  return !causal ||
         std::any_of(probe.truth.begin(), probe.truth.end(),
                     [&](const base::Span& truth) { return truth.begin < probe.predict.begin; });
}

ScoredText with_candidate(const world::Probe& probe, const std::string& candidate) {
  std::string text = probe.text;
  text.replace(probe.predict.begin, probe.predict.end - probe.predict.begin, candidate);
  return {.text = std::move(text),
          .where = probe.where,
          .scored = base::Span{.begin = probe.predict.begin,
                               .end = probe.predict.begin + candidate.size()}};
}

bool ProbeReading::is_measurable() const {
  return !query.empty() && spans.size() > 1 && !spans.front().empty();
}

ProbeReading read_probe(const world::Probe& probe, const text::Tokenizer& tokenizer,
                        spec::TextLayout layout, const spec::ModelConfig& model) {
  ProbeReading out;
  out.probe = &probe;
  out.reading = readings_of(with_candidate(probe, probe.answer), tokenizer, layout, model).front();
  std::vector<base::Span> query = probe.query;
  if (!model.causal()) query.push_back(probe.predict);
  out.query = tokens_in(out.reading, query);
  out.spans.push_back(tokens_in(out.reading, probe.truth));
  for (const base::Span& distractor : probe.distractors) {
    std::vector<std::int64_t> tokens = tokens_in(out.reading, {distractor});
    if (!tokens.empty()) out.spans.push_back(std::move(tokens));
  }
  return out;
}

}  // namespace qkv::evaluate
