#include "evaluate/log_probability.h"

#include <algorithm>

#include "base/error.h"
#include "base/format.h"
#include "base/progress.h"
#include "evaluate/loss.h"

namespace qkv {
namespace {

/// A text's ids as the model saw texts in training, and which of them count.
struct Sequence {
  std::vector<std::int32_t> ids;
  std::vector<bool> counts;
};

Sequence sequence_of(const ScoredText& text, const Tokenizer& tokenizer,
                     const std::string& layout) {
  Sequence sequence;
  const auto add = [&](std::int32_t id, bool counts) {
    sequence.ids.push_back(id);
    sequence.counts.push_back(counts);
  };
  std::string context;  // in front of the text
  if (layout == "stream") {
    context = "\n";
  } else {
    add(Tokenizer::kBegin, false);
  }
  // Open to the right, so that a token of no width counts as well, except where the text begins.
  Span counted{.begin = context.size(), .end = std::string::npos};
  if (text.scored) {
    counted = {.begin = context.size() + text.scored->begin,
               .end = context.size() + text.scored->end};
  }
  for (const Token& token : tokenizer.encode_with_offsets(context + text.text))
    add(token.id, counted.overlaps({.begin = token.begin, .end = token.end}));
  if (layout != "stream") add(Tokenizer::kEnd, !text.scored);
  return sequence;
}

/// One row of a batch and the text that its log p counts for.
struct Row {
  std::vector<std::int32_t> inputs;
  std::vector<std::int32_t> targets;
  std::size_t text = 0;
};

void add_causal(const Sequence& sequence, std::size_t text, std::vector<Row>& rows) {
  // What stands behind the last token that counts changes nothing.
  const auto size = static_cast<std::ptrdiff_t>(
      sequence.ids.size() -
      static_cast<std::size_t>(std::find(sequence.counts.rbegin(), sequence.counts.rend(), true) -
                               sequence.counts.rbegin()));
  Row row{.inputs = {sequence.ids.begin(), sequence.ids.begin() + size - 1},
          .targets = {sequence.ids.begin() + 1, sequence.ids.begin() + size},
          .text = text};
  for (std::size_t place = 0; place < row.targets.size(); ++place) {
    if (!sequence.counts[place + 1]) row.targets[place] = Batch::kIgnored;
  }
  rows.push_back(std::move(row));
}

void add_masked(const Sequence& sequence, bool at_once, std::size_t text, std::vector<Row>& rows) {
  const Row unmasked{.inputs = sequence.ids,
                     .targets = std::vector<std::int32_t>(sequence.ids.size(), Batch::kIgnored),
                     .text = text};
  if (at_once) rows.push_back(unmasked);
  for (std::size_t place = 0; place < sequence.ids.size(); ++place) {
    if (!sequence.counts[place] || sequence.ids[place] == Tokenizer::kEnd) continue;
    if (!at_once) rows.push_back(unmasked);
    rows.back().targets[place] = sequence.ids[place];
    rows.back().inputs[place] = Tokenizer::kMask;
  }
}

/// Rows [begin, end) padded to the longest.
Batch batch_of(const std::vector<Row>& rows, std::size_t begin, std::size_t end) {
  Batch batch;
  batch.rows = static_cast<std::int64_t>(end - begin);
  for (std::size_t index = begin; index < end; ++index) {
    batch.context = std::max(batch.context, static_cast<std::int64_t>(rows[index].inputs.size()));
  }
  for (std::size_t index = begin; index < end; ++index) {
    for (std::int64_t place = 0; place < batch.context; ++place) {
      const auto at = static_cast<std::size_t>(place);
      const bool inside = at < rows[index].inputs.size();
      batch.inputs.push_back(inside ? rows[index].inputs[at] : Tokenizer::kEnd);
      batch.targets.push_back(inside ? rows[index].targets[at] : Batch::kIgnored);
      batch.positions.push_back(static_cast<std::int32_t>(place));
      batch.documents.push_back(inside ? 0 : -1);
    }
  }
  return batch;
}

void require_fit(const Sequence& sequence, const ScoredText& text, bool causal,
                 std::int64_t context) {
  const std::string name = text.where.empty() ? quoted(text.text) : text.where;
  const auto read = static_cast<std::int64_t>(sequence.ids.size()) - (causal ? 1 : 0);
  if (read > context) {
    throw Error(concat(name, ": found a text of ", read,
                       " tokens, expected at most the context of ", context));
  }
  if (std::find(sequence.counts.begin(), sequence.counts.end(), true) == sequence.counts.end())
    throw Error(concat(name, ": found nothing to predict, expected at least one token"));
}

}  // namespace

std::vector<LogProbability> log_probabilities(const Model& model, const Tokenizer& tokenizer,
                                              const std::string& layout,
                                              const std::vector<ScoredText>& texts,
                                              const Runtime& runtime) {
  const torch::NoGradGuard no_gradients;
  const Autocast autocast(runtime);
  const bool causal = model.config().causal();
  std::vector<Row> rows;
  for (std::size_t text = 0; text < texts.size(); ++text) {
    const Sequence sequence = sequence_of(texts[text], tokenizer, layout);
    require_fit(sequence, texts[text], causal, model.config().context);
    if (causal) {
      add_causal(sequence, text, rows);
    } else {
      add_masked(sequence, texts[text].scored.has_value(), text, rows);
    }
  }
  // Rows of equal length side by side: little padding. Stable, so that the sums have one order.
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.inputs.size() < b.inputs.size(); });

  constexpr std::size_t kRowsAtOnce = 64;
  std::vector<LogProbability> out(texts.size());
  Progress progress("scoring", "rows", rows.size());
  for (std::size_t begin = 0; begin < rows.size(); begin += kRowsAtOnce) {
    const std::size_t end = std::min(rows.size(), begin + kRowsAtOnce);
    const Prediction prediction = predict(model, batch_of(rows, begin, end));
    const Tensor nats =
        at::cross_entropy_loss(prediction.logits, prediction.targets, {}, at::Reduction::None)
            .cpu();
    const Tensor first = (prediction.logits.argmax(-1) == prediction.targets).cpu();
    const float* next = nats.const_data_ptr<float>();
    const bool* next_first = first.const_data_ptr<bool>();
    for (std::size_t index = begin; index < end; ++index) {
      for (const std::int32_t target : rows[index].targets) {
        if (target == Batch::kIgnored) continue;
        LogProbability& sum = out[rows[index].text];
        sum.nats -= static_cast<double>(*next++);
        sum.likeliest = *next_first++ && sum.likeliest;
      }
    }
    progress.update(end);
  }
  return out;
}

}  // namespace qkv
