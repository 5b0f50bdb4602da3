#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "base/span.h"

namespace qkv::world {

/// A sentence with one question whose true source is known. Spans are bytes of `text`, so that any
/// tokenizer can be asked.
struct Probe {
  std::string id;
  std::string family;
  std::string text;
  base::Span predict;  ///< the answer's place; a causal model is given only what stands before
  std::vector<std::string> candidates;
  std::string answer;
  std::vector<base::Span>
      query;  ///< where the look-up may happen: the cue, and the word before predict
  std::vector<base::Span> truth;        ///< what the answer depends on
  std::vector<base::Span> distractors;  ///< what it does not, though it is of the same kind
  std::size_t distance = 0;             ///< words between truth and predict
  std::array<std::string, 2> held_out;  ///< words that no training line joins like this:
  std::size_t within = 1;               ///< the second at most so many words behind the first
  std::string where;                    ///< file and line, for messages
};

/// data/world/probes.schema.json, of which the library carries a copy.
const std::string& probe_schema();

/// The most bytes that the texts of a file's probes may take, each written with each candidate, as
/// a model is asked of them.
inline constexpr double kMostBytesOfProbes = 256e6;
double bytes_with_candidates(const Probe& probe);

/// A JSON object a line. Throws Error with file, line and key where one is no probe of the schema,
/// a span is no whole characters of the text, `predict` does not hold the answer, the answer is not
/// one of the candidates, a candidate or an id stands twice, a distractor is what the answer
/// depends on, or the probes take more than kMostBytesOfProbes.
std::vector<Probe> read_probes(const std::filesystem::path& path);

/// The same lines.
std::string to_lines(const std::vector<Probe>& probes);

}  // namespace qkv::world
