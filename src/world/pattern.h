#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace qkv::world {

/// A piece of a sentence pattern: words as they stand, or a place that a drawn word fills.
struct PatternPiece {
  std::string literal;    ///< words as they stand; empty for a place
  std::size_t thing = 0;  ///< whose slot, counted from 1; 0 is the asked thing's, or a shared one
  std::string slot;       ///< "things" stands for the list of all things, a number for that thing
  std::string attribute;  ///< the word's attribute that is written; the word itself if empty
  bool by_slot = false;   ///< `attribute` names a slot, whose word names the attribute
  std::string mark;       ///< what the place is to the question: "cue", "answer" or nothing

  bool is_all_things() const { return slot == "things"; }
  /// The thing whose phrase stands here, counted from 1; 0 where none of one thing does.
  std::size_t phrase() const {
    const bool number = slot.size() == 1 && slot[0] >= '1' && slot[0] <= '9';
    return number ? static_cast<std::size_t>(slot[0] - '0') : 0;
  }
};

/// A parsed pattern, as the grammar writes them:
///   {animal}          the word drawn for the slot
///   {animal.sound}    an attribute of that word
///   {noun[number]}    the attribute that the word of another slot names
///   {2:person}        the second thing's slot
///   {things} {1}      the phrases of all things, joined; of the first
///   {mood@cue}        the same, and the place is marked
///   [large {animal}]  in a thing's phrase: the part that stands for the thing
///   a(n)              "a" or "an", by the word that follows
class Pattern {
 public:
  Pattern() = default;
  /// Throws Error where `text` is no pattern; `name` says where it stands.
  Pattern(std::string_view text, const std::string& name);

  const std::vector<PatternPiece>& pieces() const { return pieces_; }
  bool empty() const { return pieces_.empty(); }

  static constexpr const char* kOpen = "[";  ///< literals that begin and end a thing's own part
  static constexpr const char* kClose = "]";

 private:
  std::vector<PatternPiece> pieces_;
};

}  // namespace qkv::world
