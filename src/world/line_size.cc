#include "world/line_size.h"

#include <algorithm>

namespace qkv::world {
namespace {

constexpr double kBytesOfADraw = 100;  // its entries in the scene's tables

/// Upper bounds of the parts of one template's lines.
class TemplateSize {
 public:
  TemplateSize(const Template& form, double longest_word)
      : form_(form),
        word_(longest_word),
        things_(form.count ? static_cast<double>(form.count->most)
                           : static_cast<double>(form.things.size())) {}

  double bytes() const {
    const auto asked = static_cast<double>(form_.asked);
    double questions = 0;
    for (const Question& question : form_.questions) {
      const double one = question_bytes(question);
      questions = asked > 0 ? std::max(questions, one * asked)
                            : questions + one * (question.of > 0 ? 1 : things_);
    }
    return draw_bytes() + pattern_bytes(form_.text) + questions;
  }

 private:
  double draw_bytes() const {
    std::size_t most = 0;
    for (const std::vector<Draw>& thing : form_.things) most = std::max(most, thing.size());
    return kBytesOfADraw *
           (static_cast<double>(form_.shared.size()) + things_ * static_cast<double>(most));
  }

  double phrase_bytes() const { return pattern_bytes(form_.thing); }

  double pattern_bytes(const Pattern& pattern) const {
    const auto join = static_cast<double>(std::max(form_.middle.size(), form_.last.size()));
    double bytes = 1;
    for (const PatternPiece& piece : pattern.pieces()) {
      bytes += piece.slot.empty()      ? static_cast<double>(piece.literal.size())
               : piece.is_all_things() ? things_ * (phrase_bytes() + join)
               : piece.phrase() > 0    ? phrase_bytes()
                                       : word_;
    }
    return bytes;
  }

  double question_bytes(const Question& question) const {
    double candidates = form_.candidates.empty() ? things_ * word_ : 0;
    for (const Pattern& candidate : form_.candidates) candidates += pattern_bytes(candidate);
    return candidates + std::max(pattern_bytes(question.text), pattern_bytes(question.again));
  }

  const Template& form_;
  double word_;
  double things_;
};

double longest_word(const Grammar& grammar) {
  std::size_t longest = 0;
  for (const auto& [name, words] : grammar.words) {
    for (const Word& word : words) {
      longest = std::max(longest, word.text.size());
      for (const auto& [attribute, text] : word.attributes)
        longest = std::max(longest, text.size());
    }
  }
  return static_cast<double>(longest);
}

}  // namespace

LineSize longest_line(const Grammar& grammar) {
  const double word = longest_word(grammar);
  double sentence = 0;
  for (const Template& form : grammar.background.templates)
    sentence = std::max(sentence, TemplateSize(form, word).bytes());
  LineSize longest;
  for (const Family& family : grammar.families) {
    for (const Template& form : family.templates) {
      // Each sentence between description and question has at least one word.
      const auto sentences = static_cast<double>(form.before.most + form.between.most);
      const double bytes = TemplateSize(form, word).bytes() + sentences * sentence;
      if (bytes > longest.bytes) longest = {.bytes = bytes, .form = form.name};
    }
  }
  return longest;
}

}  // namespace qkv::world
