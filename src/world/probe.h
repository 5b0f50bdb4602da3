#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "base/span.h"

namespace qkv::world {

/// A sentence with one question whose evidence is known. Spans are bytes of `text`, so that they do
/// not depend on the tokenizer.
struct Probe {
  std::string id;
  std::string family;
  std::string text;
  base::Span predict;  ///< the bytes of the answer; a causal model reads only the text before it
  std::vector<std::string> candidates;
  std::string answer;
  std::vector<base::Span>
      query;  ///< from where a model may attend: the cue, and the word before `predict`
  std::vector<base::Span> truth;        ///< the evidence that determines the answer
  std::vector<base::Span> distractors;  ///< words of the same kind that do not determine it
  std::size_t distance = 0;             ///< words between truth and predict
  std::array<std::string, 2> held_out;  ///< two words that no training line joins:
  std::size_t within = 1;               ///< the second is at most this many words after the first
  std::string where;                    ///< file and line, for messages
};

/// data/world/probes.schema.json, of which the library carries a copy.
const std::string& probe_schema();

/// The most bytes that the texts of a file's probes may take, each written with each candidate, as
/// a model reads them.
inline constexpr double kMostBytesOfProbes = 256e6;
double bytes_with_candidates(const Probe& probe);

/// Reads one JSON object per line. Throws Error with file, line and key if a line is not a probe of
/// the schema, a span does not cover whole characters of the text, `predict` does not hold the
/// answer, the answer is not one of the candidates, a candidate or an id appears twice, a
/// distractor is part of the truth, or the probes take more than kMostBytesOfProbes.
std::vector<Probe> read_probes(const std::filesystem::path& path);

/// The same lines as text.
std::string to_lines(const std::vector<Probe>& probes);

}  // namespace qkv::world
