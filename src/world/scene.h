#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/random.h"
#include "world/grammar.h"

namespace qkv::world {

/// The words drawn for one sentence: its things and shared words.
class Scene {
 public:
  /// Draws the words of a template. They all differ unless the grammar lets them repeat; answers
  /// that are attributes may be equal. Throws Error if a slot, a class or an attribute is unknown,
  /// or there are too few words.
  Scene(const Grammar& grammar, const Template& form, base::RandomStream& random);

  std::size_t things() const { return things_.size(); }

  /// The text of a place if the question is about `asked` (counted from 0).
  const std::string& word(const PatternPiece& piece, std::size_t asked) const;

  /// The text of a pattern that has only words and places, such as an answer or a class's name.
  std::string text(const Pattern& pattern, std::size_t asked) const;

  /// The answer of the question about `asked`.
  std::string answer(const Question& question, std::size_t asked) const;

 private:
  using Slots = std::map<std::string, const Word*>;

  void draw(const Grammar& grammar, const std::vector<Draw>& draws, Slots& slots,
            base::RandomStream& random);
  const Word& drawn(const std::string& slot, std::size_t thing, std::size_t asked) const;

  std::string name_;  ///< of the template, for messages
  Slots shared_;
  std::vector<Slots> things_;
  std::unordered_set<std::string_view> used_;  ///< texts of the grammar's words
};

}  // namespace qkv::world
