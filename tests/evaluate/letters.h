#pragma once

#include <map>
#include <vector>

#include "evaluate/hand_made.h"
#include "inspect/neighbours.h"
#include "inspect/vocabulary.h"

namespace qkv::testing {

/// The piece of a letter, which is a word inside a line.
inline std::int32_t letter_piece(const text::Tokenizer& tokenizer, char letter) {
  return inspect::piece_in_line(tokenizer, std::string(1, letter)).value();
}

/// An embedding table [vocabulary, width] in which some letters have the given vectors, and all
/// other learned pieces share the vector that makes the mean 0, so that centring changes nothing.
inline model::Tensor letter_table(const text::Tokenizer& tokenizer,
                                  const std::map<char, std::vector<double>>& vectors) {
  const auto width = static_cast<std::int64_t>(vectors.begin()->second.size());
  model::Tensor table = torch::zeros({tokenizer.size(), width}, at::kDouble);
  std::vector<std::int32_t> others;
  for (std::int32_t id = 0; id < tokenizer.size(); ++id) {
    if (inspect::is_learned(tokenizer, id)) others.push_back(id);
  }
  model::Tensor sum = torch::zeros({width}, at::kDouble);
  for (const auto& [letter, vector] : vectors) {
    const std::int32_t piece = letter_piece(tokenizer, letter);
    table[piece] = torch::tensor(vector, at::kDouble);
    sum += table[piece];
    std::erase(others, piece);
  }
  for (const std::int32_t piece : others) table[piece] = -sum / static_cast<double>(others.size());
  return table;
}

}  // namespace qkv::testing
