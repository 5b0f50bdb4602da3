#include "inspect/fillings.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "base/table.h"
#include "inspect/vocabulary.h"

namespace qkv {

std::vector<Filling> fillings(const Inspection& inspection, const Tokenizer& tokenizer,
                              std::size_t index, std::size_t count) {
  const Tensor logits = inspection.taps.value("logits")[static_cast<std::int64_t>(index)];
  const Tensor probabilities = logits.to(at::kDouble).softmax(-1);
  const double* probability = probabilities.const_data_ptr<double>();

  std::vector<Filling> all;
  for (std::int32_t id = 0; id < tokenizer.size(); ++id) {
    if (!std::isfinite(probability[id])) {
      throw Error(
          concat("logits of token ", index, ": found ", probability[id], ", expected numbers"));
    }
    if (!tokenizer.is_special(id)) all.push_back({id, probability[id]});
  }
  count = std::min(count, all.size());
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), all.end(),
                    [](const Filling& a, const Filling& b) {
                      return a.probability != b.probability ? a.probability > b.probability
                                                            : a.id < b.id;
                    });
  all.resize(count);
  return all;
}

std::string fillings_text(const Inspection& inspection, const Tokenizer& tokenizer) {
  std::string out;
  for (std::size_t index = 0; index < inspection.passage.tokens.size(); ++index) {
    if (inspection.passage.tokens[index].id != Tokenizer::kMask) continue;
    out += concat(out.empty() ? "" : "\n", "<mask> at token ", index, "\n");
    Table table({"filling", "probability", "piece"});
    for (const Filling& filling : fillings(inspection, tokenizer, index)) {
      table.add({piece_word(tokenizer, filling.id), fixed(filling.probability, 4),
                 quoted(tokenizer.piece(filling.id))});
    }
    out += table.text();
  }
  return out;
}

}  // namespace qkv
