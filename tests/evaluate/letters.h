#pragma once

#include <map>
#include <vector>

#include "evaluate/hand_made.h"
#include "inspect/vectors/neighbours.h"
#include "inspect/vocabulary.h"

namespace qkv::tests {

/// The piece of a letter, which is a word inside a line.
inline std::int32_t letter_piece(const text::Tokenizer& tokenizer, char letter) {
  return inspect::piece_in_line(tokenizer, std::string(1, letter)).value();
}

/// An embedding table [vocabulary, width] in which some letters have the given vectors, and all
/// other learned pieces share the vector that makes the mean 0, so that centring changes
/// nothing but the last digits.
inline base::Array letter_table(const text::Tokenizer& tokenizer,
                                const std::map<char, std::vector<double>>& vectors) {
  const std::size_t width = vectors.begin()->second.size();
  base::Array table({tokenizer.size(), static_cast<std::int64_t>(width)});
  const auto set = [&](std::int32_t piece, const auto& number_at) {
    for (std::size_t at = 0; at < width; ++at)
      table[piece].data[at] = static_cast<float>(number_at(at));
  };
  std::vector<std::int32_t> others;
  for (std::int32_t id = 0; id < tokenizer.size(); ++id) {
    if (inspect::is_learned(tokenizer, id)) others.push_back(id);
  }
  std::vector<double> sum(width);
  for (const auto& [letter, vector] : vectors) {
    const std::int32_t piece = letter_piece(tokenizer, letter);
    set(piece, [&numbers = vector](std::size_t at) { return numbers[at]; });
    for (std::size_t at = 0; at < width; ++at) sum[at] += vector[at];
    std::erase(others, piece);
  }
  for (const std::int32_t piece : others)
    set(piece, [&](std::size_t at) { return -sum[at] / static_cast<double>(others.size()); });
  return table;
}

}  // namespace qkv::tests
