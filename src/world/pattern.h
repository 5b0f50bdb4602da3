#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace qkv::world {

/// A piece of a sentence pattern: literal words, or a place for a drawn word.
struct PatternPiece {
  std::string literal;    ///< literal words; empty for a place
  std::size_t thing = 0;  ///< the thing with the slot, counted from 1; 0: the thing of the
                          ///< question, or a shared slot
  std::string slot;       ///< "things": the list of all things; a number: that thing
  std::string attribute;  ///< the attribute that is written; the word itself if empty
  bool by_slot = false;   ///< `attribute` names a slot, whose word names the attribute
  std::string mark;       ///< the role of the place in the question: "cue", "answer" or empty

  bool is_all_things() const { return slot == "things"; }
  /// The thing whose phrase is here, counted from 1; 0 if there is none.
  std::size_t phrase() const {
    const bool number = slot.size() == 1 && slot[0] >= '1' && slot[0] <= '9';
    return number ? static_cast<std::size_t>(slot[0] - '0') : 0;
  }
};

/// A parsed pattern in the grammar's notation:
///   {animal}          the word drawn for the slot
///   {animal.sound}    an attribute of that word
///   {noun[number]}    the attribute that the word of another slot names
///   {2:person}        the second thing's slot
///   {things} {1}      the phrases of all things, joined; of the first
///   {mood@cue}        the same, and the place is marked
///   [large {animal}]  in a thing's phrase: the part that represents the thing
///   a(n)              "a" or "an", depending on the next word
class Pattern {
 public:
  Pattern() = default;
  /// Throws Error if `text` is not a pattern; `name` is its location in the grammar.
  Pattern(std::string_view text, const std::string& name);

  const std::vector<PatternPiece>& pieces() const { return pieces_; }
  bool empty() const { return pieces_.empty(); }

  static constexpr const char* kOpen =
      "[";  ///< literals at the beginning and the end of a thing's part
  static constexpr const char* kClose = "]";

 private:
  std::vector<PatternPiece> pieces_;
};

}  // namespace qkv::world
