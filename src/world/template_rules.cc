#include "world/template_rules.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/format.h"

namespace qkv::world {
namespace {

/// How a pattern writes the phrase of a thing, or of all things for 0.
std::string phrase_name(std::size_t thing) {
  return thing == 0 ? "{things}" : base::concat('{', thing, '}');
}

/// Phrases belong in "text", marks in questions: elsewhere, marked places would have no meaning.
void refuse_phrases(const Pattern& pattern, const std::string& where) {
  for (const PatternPiece& piece : pattern.pieces()) {
    if (!piece.is_all_things() && piece.phrase() == 0) continue;
    throw base::Error(base::concat(where, ": found ", phrase_name(piece.phrase()),
                                   ", expected phrases of things only in \"text\""));
  }
}

void refuse_marks(const Pattern& pattern, const std::string& where) {
  for (const PatternPiece& piece : pattern.pieces()) {
    if (piece.mark.empty()) continue;
    throw base::Error(
        base::concat(where, ": found the mark @", piece.mark, ", expected marks only in \"ask\""));
  }
}

void check_answer(const Pattern& pattern, const std::string& where) {
  refuse_phrases(pattern, where);
  const auto answers =
      std::count_if(pattern.pieces().begin(), pattern.pieces().end(),
                    [](const PatternPiece& piece) { return piece.mark == "answer"; });
  if (answers != 1)
    throw base::Error(base::concat(where, ": found ", answers, " places {…@answer}, expected one"));
}

bool has_words(const PatternPiece& piece) {
  return !piece.slot.empty() || piece.literal.find_first_not_of(" []") != std::string::npos;
}

void require_words(const Pattern& pattern, const std::string& where) {
  if (std::none_of(pattern.pieces().begin(), pattern.pieces().end(), has_words))
    throw base::Error(where + ": found no words, expected some");
}

/// One template, with the smallest and the largest number of things that it draws.
class TemplateRules {
 public:
  explicit TemplateRules(const Template& form)
      : form_(form),
        least_(form.count ? static_cast<std::size_t>(form.count->least) : form.things.size()),
        most_(form.count ? static_cast<std::size_t>(form.count->most) : form.things.size()) {}

  void check() const {
    if (form_.things.empty()) check_needs_none();
    check_text();
    check_thing();
    if (form_.asked > 0 && form_.questions.empty()) {
      throw base::Error(base::concat(form_.name,
                                     ".ask: found nothing, expected the questions of which ",
                                     form_.asked, " are drawn"));
    }
    if (form_.ask_first && form_.questions.empty())
      throw base::Error(form_.name +
                        ".ask_first: found true without \"ask\", expected the questions");
    for (const Pattern& candidate : form_.candidates) {
      refuse_phrases(candidate, form_.name + ".candidates");
      refuse_marks(candidate, form_.name + ".candidates");
    }
    for (std::size_t number = 0; number < form_.questions.size(); ++number)
      check_question(form_.questions[number], base::concat(form_.name, ".ask[", number, "]"));
  }

  bool makes_probes() const {
    return std::any_of(form_.questions.begin(), form_.questions.end(),
                       [](const Question& question) { return question.held_out.has_value(); });
  }

 private:
  void check_needs_none() const {
    const char* needs = form_.count ? "count" : form_.questions.empty() ? nullptr : "ask";
    if (needs == nullptr) return;
    throw base::Error(base::concat(form_.name,
                                   ".things: found nothing, expected the slots of the things for ",
                                   base::quoted(needs)));
  }

  void check_text() const {
    refuse_marks(form_.text, form_.name + ".text");
    require_words(form_.text, form_.name + ".text");
    std::set<std::size_t> told;
    for (const PatternPiece& piece : form_.text.pieces()) {
      const std::size_t thing = piece.phrase();
      if (!piece.is_all_things() && thing == 0) continue;
      if (thing > least_ || least_ == 0) {
        throw base::Error(base::concat(form_.name, ".text: found ", phrase_name(thing),
                                       ", expected no more than the ", least_, " of \"things\""));
      }
      told.insert(thing);
    }
    if (!told.empty() && form_.thing.empty()) {
      throw base::Error(base::concat(form_.name, ".thing: found nothing, expected the phrase that ",
                                     phrase_name(*told.begin()), " stands for"));
    }
    if (!makes_probes() || told.contains(0)) return;
    for (std::size_t thing = 1; thing <= most_; ++thing) {
      if (told.contains(thing)) continue;
      throw base::Error(
          base::concat(form_.name, ".text: found no {", thing,
                       "}, expected {things} or each thing, since probes need their places"));
    }
  }

  /// The brackets of a part hold words, so that the part is not empty.
  void check_thing() const {
    if (form_.thing.empty()) return;
    const std::string where = form_.name + ".thing";
    require_words(form_.thing, where);
    refuse_marks(form_.thing, where);
    refuse_phrases(form_.thing, where);
    std::string brackets;
    for (const PatternPiece& piece : form_.thing.pieces()) {
      if (piece.literal == Pattern::kOpen || piece.literal == Pattern::kClose) {
        brackets += piece.literal;
      } else if (brackets == Pattern::kOpen && has_words(piece)) {
        brackets += '.';
      }
    }
    if (brackets.empty() || brackets == "[.]") return;
    throw base::Error(where + ": found brackets that hold no part, expected one [ ] around words");
  }

  void check_question(const Question& question, const std::string& where) const {
    if (question.of > least_) {
      throw base::Error(base::concat(where, ".of: found ", question.of, ", expected at most the ",
                                     least_, " of \"things\""));
    }
    if (question.held_out) {
      for (const Pattern* word : {&question.held_out->first, &question.held_out->second}) {
        refuse_phrases(*word, question.held_out->name);
        refuse_marks(*word, question.held_out->name);
      }
    }
    check_answer(question.text, where + ".text");
    check_answer(question.again, where + ".again");
  }

  const Template& form_;
  std::size_t least_;
  std::size_t most_;
};

/// Probes come from questions with "held_out".
void check_probes(const Grammar& grammar, const Family& family) {
  if (family.probes == 0) return;
  for (const Template& form : family.templates) {
    if (TemplateRules(form).makes_probes()) return;
  }
  throw base::Error(base::concat(grammar.where, ": families.", family.name, ".probes: found ",
                                 family.probes, ", expected 0 if no question has \"held_out\""));
}

/// Background sentences are inserted into other sentences, but nothing is inserted into them.
void check_background(const Grammar& grammar, const Template& form, bool inside) {
  const auto check = [&](const Range& range, const char* key) {
    if (range.most == 0 || (!inside && !grammar.background.templates.empty())) return;
    throw base::Error(base::concat(form.name, '.', key, ": found ", range.least, " to ", range.most,
                                   inside
                                       ? ", expected none in the background itself"
                                       : ", expected a family \"background\" to take them from"));
  };
  check(form.before, "before");
  check(form.between, "between");
}

}  // namespace

void check_templates(const Grammar& grammar) {
  const auto check = [&](const Family& family, bool inside) {
    for (const Template& form : family.templates) {
      check_background(grammar, form, inside);
      TemplateRules(form).check();
    }
  };
  for (const Family& family : grammar.families) check(family, false);
  check(grammar.background, true);
  for (const Family& family : grammar.families) check_probes(grammar, family);
}

}  // namespace qkv::world
