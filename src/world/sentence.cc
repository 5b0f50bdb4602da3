#include "world/sentence.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "world/words.h"

namespace qkv::world {
namespace {

/// Appends words and records the spans of the marked ones.
class Writer {
 public:
  Writer(const Template& form, const Scene& scene) : form_(form), scene_(scene) {}

  Sentence& sentence() { return sentence_; }

  void add(std::string_view words) {
    static constexpr std::string_view kArticle = "a(n) ";
    if (words.empty()) return;
    std::string& text = sentence_.text;
    if (text.ends_with(kArticle)) {
      const bool vowel = std::string_view("aeiou").find(words[0]) != std::string_view::npos;
      const std::size_t begin = text.size() - kArticle.size();
      text.replace(begin, kArticle.size(), vowel ? "an " : "a ");
      shorten_spans(begin, begin + kArticle.size());
    }
    if (opening_ != nullptr) std::exchange(opening_, nullptr)->begin = text.size();
    text += words;
  }

  void space() {
    if (!sentence_.text.empty()) sentence_.text += ' ';
  }

  /// `asked` is the thing whose slots need no number.
  void add(const Pattern& pattern, std::size_t asked) {
    for (const PatternPiece& piece : pattern.pieces()) {
      if (piece.slot.empty()) {
        add(piece.literal);
      } else if (piece.is_all_things()) {
        add_things();
      } else if (piece.phrase() > 0) {
        add_thing(piece.phrase() - 1);
      } else {
        add(piece, asked);
      }
    }
  }

  void ask(const Question& question, bool again, std::size_t thing) {
    sentence_.asked.push_back({.question = &question,
                               .thing = thing,
                               .predict = {},
                               .cues = {},
                               .answer = scene_.answer(question, thing),
                               .candidates = candidates(question, thing)});
    add(again ? question.again : question.text, thing);
  }

 private:
  /// The text of [begin, end), a word and the space after it, now ends where the text ends. So do
  /// the spans that ended there, or between the two.
  void shorten_spans(std::size_t begin, std::size_t end) {
    const auto shorten = [&](base::Span& span) {
      if (span.end <= begin) return;
      span.end = std::min(span.end, sentence_.text.size() - (span.end < end ? 1 : 0));
    };
    for (base::Span& thing : sentence_.things) shorten(thing);
    for (Asked& asked : sentence_.asked) {
      shorten(asked.predict);
      for (base::Span& cue : asked.cues) shorten(cue);
    }
  }

  void add(const PatternPiece& piece, std::size_t asked) {
    const std::string& word = scene_.word(piece, asked);
    add(word);
    const base::Span span{.begin = sentence_.text.size() - word.size(),
                          .end = sentence_.text.size()};
    if (piece.mark == "cue") sentence_.asked.back().cues.push_back(span);
    if (piece.mark == "answer") sentence_.asked.back().predict = span;
  }

  void add_thing(std::size_t index) {
    sentence_.things.resize(scene_.things());
    base::Span& span = sentence_.things[index];
    bool bounded = false;
    opening_ = &span;
    for (const PatternPiece& piece : form_.thing.pieces()) {
      if (piece.literal == Pattern::kOpen) {
        opening_ = &span;
      } else if (piece.literal == Pattern::kClose) {
        span.end = sentence_.text.size();
        bounded = true;
      } else if (piece.slot.empty()) {
        add(piece.literal);
      } else {
        add(piece, index);
      }
    }
    if (!bounded) span.end = sentence_.text.size();
  }

  void add_things() {
    for (std::size_t index = 0; index < scene_.things(); ++index) {
      if (index > 0) add(index + 1 < scene_.things() ? form_.middle : form_.last);
      add_thing(index);
    }
  }

  std::vector<std::string> candidates(const Question& question, std::size_t thing) const {
    std::vector<std::string> out;
    for (const Pattern& pattern : form_.candidates) out.push_back(scene_.text(pattern, thing));
    if (out.empty()) {
      for (std::size_t other = 0; other < scene_.things(); ++other) {
        out.push_back(scene_.answer(question, other));
      }
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }

  const Template& form_;
  const Scene& scene_;
  Sentence sentence_;
  base::Span* opening_ = nullptr;  ///< begins with the next word
};

/// Adds one sentence of the background, and returns it.
std::string add_background(const Grammar& grammar, Writer& writer, base::RandomStream& random) {
  const auto& forms = grammar.background.templates;
  const Template& form = forms[random.below(forms.size())];
  const Scene scene(grammar, form, random);
  writer.space();
  std::string text = write_sentence(grammar, form, scene, std::nullopt, random).text;
  writer.add(text);
  return text;
}

/// Uniform on a logarithmic scale: 1 to 10 is as probable as 10 to 100.
std::int64_t spread(const Range& range, base::RandomStream& random) {
  if (range.most <= range.least) return range.least;
  const double low = std::log(static_cast<double>(range.least) + 1);
  const double high = std::log(static_cast<double>(range.most) + 2);
  return static_cast<std::int64_t>(std::exp(low + (high - low) * random.uniform())) - 1;
}

/// The words of the background between description and question.
void add_between(const Grammar& grammar, const Template& form, Writer& writer,
                 base::RandomStream& random) {
  const auto words = static_cast<std::size_t>(spread(form.between, random));
  for (std::size_t added = 0; added < words;) {
    const std::string text = add_background(grammar, writer, random);
    const std::size_t more = count_words(text);
    if (more == 0) {
      throw base::Error(base::concat(
          form.name, ".between: found ", base::quoted(text),
          " in the background, a sentence without words, expected words in each sentence"));
    }
    added += more;
  }
}

/// Each question of the template about each thing that it may be about, in random order; with
/// `only`, at most one question, about that thing.
void ask(const Template& form, const Scene& scene, std::optional<std::size_t> only, Writer& writer,
         base::RandomStream& random) {
  std::vector<std::pair<const Question*, std::size_t>> questions;
  for (const Question& question : form.questions) {
    if (question.of > 0) {
      questions.emplace_back(&question, question.of - 1);
    } else {
      for (std::size_t thing = 0; thing < scene.things(); ++thing)
        questions.emplace_back(&question, thing);
    }
  }
  if (only)
    std::erase_if(questions, [&](const auto& question) { return question.second != *only; });
  base::shuffle(questions, random);
  if (only && questions.size() > 1) questions.resize(1);
  if (!only && form.asked > 0) {
    // Drawn again each time, so that no answer follows from earlier ones.
    const auto all = questions;
    questions.resize(form.asked);
    for (auto& question : questions) question = all[random.below(all.size())];
  }
  bool again = false;
  for (const auto& [question, thing] : questions) {
    writer.space();
    writer.ask(*question, std::exchange(again, true), thing);
  }
}

}  // namespace

Sentence write_sentence(const Grammar& grammar, const Template& form, const Scene& scene,
                        std::optional<std::size_t> only, base::RandomStream& random) {
  Writer writer(form, scene);
  for (std::int64_t left = spread(form.before, random); left > 0; --left)
    add_background(grammar, writer, random);
  if (form.ask_first) {
    ask(form, scene, only, writer, random);
    add_between(grammar, form, writer, random);
  }
  writer.space();
  writer.add(form.text, 0);
  if (!form.ask_first) {
    add_between(grammar, form, writer, random);
    ask(form, scene, only, writer, random);
  }
  return std::move(writer.sentence());
}

}  // namespace qkv::world
