#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/random.h"
#include "world/grammar.h"

namespace qkv::world {

/// The words drawn for one sentence: who and what it is about.
class Scene {
 public:
  /// Draws the words of a template, all different but where the grammar lets them repeat; answers
  /// may be alike where they are attributes. Throws Error where a slot, a class or an
  /// attribute is unknown, or the words do not suffice.
  Scene(const Grammar& grammar, const Template& form, base::RandomStream& random);

  std::size_t things() const { return things_.size(); }

  /// What a place says where the question is about `asked` (counted from 0).
  const std::string& word(const PatternPiece& piece, std::size_t asked) const;

  /// A pattern of words and places alone, e.g. an answer or a class's name.
  std::string text(const Pattern& pattern, std::size_t asked) const;

  /// The answer of a question about `asked`.
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
