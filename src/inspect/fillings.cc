#include "inspect/fillings.h"

#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "base/table.h"
#include "inspect/largest.h"
#include "inspect/vocabulary.h"

namespace qkv::inspect {
std::vector<std::size_t> asked_tokens(const Passage& passage, bool causal) {
  if (causal) return {passage.tokens.size() - 1};
  std::vector<std::size_t> asked;
  for (std::size_t index = 0; index < passage.tokens.size(); ++index) {
    if (passage.tokens[index].id == text::Tokenizer::kMask) asked.push_back(index);
  }
  return asked;
}

std::int64_t answering_token(const Passage& passage, bool causal, const char* option,
                             const char* expected) {
  const std::vector<std::size_t> asked = asked_tokens(passage, causal);
  if (asked.size() != 1)
    throw base::Error(base::concat(option, ": found ", asked.size(), " <mask> ", expected));
  return static_cast<std::int64_t>(asked.front());
}

std::vector<Filling> fillings(const Inspection& inspection, const text::Tokenizer& tokenizer,
                              std::size_t index, std::size_t count) {
  const std::vector<double> probabilities =
      softmax(inspection.taps.value("logits")[static_cast<std::int64_t>(index)].values());
  const bool may_end = inspection.passage.tokens[index].id != text::Tokenizer::kMask;
  std::vector<Filling> all;
  for (std::int32_t id = 0; id < tokenizer.size(); ++id) {
    const double probability = probabilities[static_cast<std::size_t>(id)];
    if (!std::isfinite(probability)) {
      throw base::Error(
          base::concat("logits of token ", index, ": found ", probability, ", expected numbers"));
    }
    if (!tokenizer.is_special(id) || (may_end && id == text::Tokenizer::kEnd))
      all.push_back({id, probability});
  }
  keep_largest(all, count, &Filling::probability);
  return all;
}

std::string fillings_text(const Inspection& inspection, const text::Tokenizer& tokenizer,
                          bool causal) {
  std::string out;
  for (const std::size_t index : asked_tokens(inspection.passage, causal)) {
    if (!out.empty()) out += "\n";
    out += causal ? base::concat("after token ", index, ", the end of the text\n")
                  : base::concat("<mask> at token ", index, "\n");
    base::Table table({causal ? "next word" : "filling", "probability", "piece"});
    for (const Filling& filling : fillings(inspection, tokenizer, index)) {
      table.add({piece_word(tokenizer, filling.id), base::fixed(filling.probability, 4),
                 base::quoted(tokenizer.piece(filling.id))});
    }
    out += table.text();
  }
  return out;
}

base::Json fillings_json(const Inspection& inspection, const text::Tokenizer& tokenizer,
                         bool causal) {
  base::Json all = base::Json::array();
  for (const std::size_t index : asked_tokens(inspection.passage, causal)) {
    base::Json likeliest = base::Json::array();
    for (const Filling& filling : fillings(inspection, tokenizer, index)) {
      likeliest.push_back({{"id", filling.id},
                           {"piece", tokenizer.piece(filling.id)},
                           {"word", piece_word(tokenizer, filling.id)},
                           {"probability", filling.probability}});
    }
    all.push_back({{"token", index}, {"likeliest", std::move(likeliest)}});
  }
  return all;
}

}  // namespace qkv::inspect
