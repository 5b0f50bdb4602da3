#include "world/scene.h"

#include "base/error.h"
#include "base/format.h"

namespace qkv::world {
namespace {

constexpr int kTriesOfAWord = 1000;

}  // namespace

Scene::Scene(const Grammar& grammar, const Template& form, base::RandomStream& random)
    : name_(form.name) {
  std::vector<std::vector<Draw>> things = form.things;
  if (form.count) {
    const auto more = static_cast<std::uint64_t>(form.count->most - form.count->least + 1);
    things.assign(static_cast<std::size_t>(form.count->least) + random.below(more), things.at(0));
  }
  if (form.shuffle) base::shuffle(things, random);
  draw(grammar, form.shared, shared_, random);
  for (const std::vector<Draw>& slots : things) {
    things_.emplace_back();
    draw(grammar, slots, things_.back(), random);
  }
}

void Scene::draw(const Grammar& grammar, const std::vector<Draw>& draws, Slots& slots,
                 base::RandomStream& random) {
  for (const auto& [slot, words, repeats] : draws) {
    const std::string name = text(words, things_.empty() ? 0 : things_.size() - 1);
    const auto found = grammar.words.find(name);
    if (found == grammar.words.end() || found->second.empty()) {
      throw base::Error(base::concat(name_, ": found the class ", base::quoted(name),
                                     " for the slot ", base::quoted(slot),
                                     ", expected one of \"words\""));
    }
    const Word* word = nullptr;
    for (int tries = 0; word == nullptr; ++tries) {
      const Word& candidate = found->second[random.below(found->second.size())];
      if (repeats || !used_.contains(candidate.text)) {
        word = &candidate;
      } else if (tries == kTriesOfAWord) {
        throw base::Error(
            base::concat(name_, ": the class ", base::quoted(name), " has too few words"));
      }
    }
    if (!repeats) used_.insert(word->text);
    slots[slot] = word;
  }
}

const Word& Scene::drawn(const std::string& slot, std::size_t thing, std::size_t asked) const {
  const std::size_t index = thing > 0 ? thing - 1 : asked;
  if (index < things_.size()) {
    const auto found = things_[index].find(slot);
    if (found != things_[index].end()) return *found->second;
  }
  const auto found = shared_.find(slot);
  if (thing > 0 || found == shared_.end()) {
    throw base::Error(base::concat(name_, ": found the slot ", base::quoted(slot),
                                   ", expected one that is drawn"));
  }
  return *found->second;
}

const std::string& Scene::word(const PatternPiece& piece, std::size_t asked) const {
  const Word& word = drawn(piece.slot, piece.thing, asked);
  if (piece.attribute.empty()) return word.text;
  const std::size_t thing = piece.thing > 0 ? piece.thing - 1 : asked;
  const std::string& attribute =
      piece.by_slot ? drawn(piece.attribute, 0, thing).text : piece.attribute;
  const auto found = word.attributes.find(attribute);
  if (found == word.attributes.end()) {
    throw base::Error(base::concat(name_, ": the word ", base::quoted(word.text), " has no ",
                                   base::quoted(attribute)));
  }
  return found->second;
}

std::string Scene::text(const Pattern& pattern, std::size_t asked) const {
  std::string out;
  for (const PatternPiece& piece : pattern.pieces()) {
    out += piece.slot.empty() ? piece.literal : word(piece, asked);
  }
  return out;
}

std::string Scene::answer(const Question& question, std::size_t asked) const {
  for (const PatternPiece& piece : question.text.pieces()) {
    if (piece.mark == "answer") return word(piece, asked);
  }
  throw base::Error(base::concat(name_, ": found a question without {…@answer}"));
}

}  // namespace qkv::world
