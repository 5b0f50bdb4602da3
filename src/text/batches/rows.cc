#include "text/batches/rows.h"

#include <algorithm>

#include "base/error.h"
#include "base/format.h"
#include "text/tokenizer/tokenizer.h"

namespace qkv::text {
namespace {

constexpr std::int32_t kFirstOrdinary = Tokenizer::kMask + 1;  // lower ids are special
constexpr double kChosen = 0.15;
constexpr double kReplacedByMask = 0.8;
constexpr double kReplacedAtRandom = 0.1;

/// The number of positions that document `index` takes, cut to the context.
std::int64_t places_of(const TokenFile& tokens, std::uint64_t index, std::int64_t context,
                       bool causal) {
  const std::uint64_t ids = tokens.document_begin(index + 1) - tokens.document_begin(index);
  const std::uint64_t wanted = ids - (causal && ids > 0 ? 1 : 0);
  return static_cast<std::int64_t>(std::min(wanted, static_cast<std::uint64_t>(context)));
}

std::uint64_t document_at(const base::Permutation* order, std::uint64_t place) {
  return order == nullptr ? place : (*order)(place);
}

}  // namespace

void require_usable(const TokenFile& tokens, std::int64_t context, const Objective& objective) {
  if (context < 1)
    throw base::Error(base::concat("model.context: found ", context, ", expected at least 1"));
  if (!objective.causal && objective.vocabulary <= kFirstOrdinary) {
    throw base::Error(base::concat("masked objective: found a vocabulary of ", objective.vocabulary,
                                   ", expected more than ", kFirstOrdinary));
  }
  if (objective.vocabulary > 0 && tokens.maximum_id() >= objective.vocabulary) {
    throw base::Error(base::concat("tokens: found id ", tokens.maximum_id(),
                                   ", expected ids below the vocabulary's size, which is ",
                                   objective.vocabulary));
  }
}

Batch padding(std::int64_t rows, std::int64_t context) {
  const auto places = static_cast<std::size_t>(rows) * static_cast<std::size_t>(context);
  Batch batch;
  batch.rows = rows;
  batch.context = context;
  batch.inputs.assign(places, Tokenizer::kEnd);
  batch.targets.assign(places, Batch::kIgnored);
  batch.positions.assign(places, 0);
  batch.documents.assign(places, -1);
  return batch;
}

void put_tokens(Batch& batch, std::int64_t row, std::int64_t place, const TokenFile& tokens,
                std::uint64_t begin, std::int64_t length, bool causal, std::int32_t document) {
  if (length == 0) return;
  const auto at = static_cast<std::size_t>(row * batch.context + place);
  std::vector<std::int32_t> ids(static_cast<std::size_t>(length) + (causal ? 1 : 0));
  tokens.read(begin, ids);
  for (std::size_t index = 0; index < static_cast<std::size_t>(length); ++index) {
    batch.inputs[at + index] = ids[index];
    batch.positions[at + index] = static_cast<std::int32_t>(index);
    batch.documents[at + index] = document;
  }
  if (!causal) return;
  for (std::size_t index = 0; index < static_cast<std::size_t>(length); ++index) {
    batch.targets[at + index] = ids[index + 1];
  }
}

void end_row(Batch& batch, std::int64_t row, std::int64_t place) {
  auto at = static_cast<std::size_t>(row * batch.context + place);
  std::int32_t position = place > 0 ? batch.positions[at - 1] + 1 : 0;
  for (; place < batch.context; ++place) batch.positions[at++] = position++;
}

Packing pack(const TokenFile& tokens, std::int64_t context, bool causal,
             const base::Permutation* order) {
  Packing packing;
  packing.cut.all_tokens = tokens.size();
  std::int64_t used = 0;
  for (std::uint64_t place = 0; place < tokens.documents(); ++place) {
    const std::uint64_t index = document_at(order, place);
    const std::int64_t places = places_of(tokens, index, context, causal);
    const std::uint64_t ids = tokens.document_begin(index + 1) - tokens.document_begin(index);
    const std::uint64_t seen = static_cast<std::uint64_t>(places) + (causal && ids > 0 ? 1 : 0);
    packing.cut.count += ids > seen ? 1 : 0;
    packing.cut.tokens += ids - seen;
    if (packing.row_begins.empty() || used + places > context) {
      packing.row_begins.push_back(place);
      used = 0;
    }
    used += places;
  }
  packing.row_begins.push_back(tokens.documents());
  return packing;
}

void put_documents(Batch& batch, std::int64_t row, const TokenFile& tokens, const Packing& packing,
                   std::uint64_t packed, bool causal, const base::Permutation* order) {
  std::int64_t place = 0;
  std::int32_t document = 0;
  for (std::uint64_t next = packing.row_begins[packed]; next < packing.row_begins[packed + 1];
       ++next) {
    const std::uint64_t index = document_at(order, next);
    const std::int64_t places = places_of(tokens, index, batch.context, causal);
    put_tokens(batch, row, place, tokens, tokens.document_begin(index), places, causal, document++);
    place += places;
  }
  end_row(batch, row, place);
}

void mask_row(Batch& batch, std::int64_t row, std::int32_t vocabulary, std::uint64_t key) {
  base::RandomStream stream(key);
  const auto begin = static_cast<std::size_t>(row * batch.context);
  const std::size_t end = begin + static_cast<std::size_t>(batch.context);
  const auto mask = [&](std::size_t at) {
    batch.targets[at] = batch.inputs[at];
    const double kind = stream.uniform();
    if (kind < kReplacedByMask) {
      batch.inputs[at] = Tokenizer::kMask;
    } else if (kind < kReplacedByMask + kReplacedAtRandom) {
      batch.inputs[at] = kFirstOrdinary +
                         static_cast<std::int32_t>(
                             stream.below(static_cast<std::uint64_t>(vocabulary - kFirstOrdinary)));
    }
  };
  std::uint64_t ordinary = 0;
  bool chosen = false;
  for (std::size_t at = begin; at < end; ++at) {
    if (batch.inputs[at] < kFirstOrdinary) continue;
    ++ordinary;
    if (stream.uniform() >= kChosen) continue;
    mask(at);
    chosen = true;
  }
  if (chosen || ordinary == 0) return;
  std::uint64_t left = stream.below(ordinary);
  for (std::size_t at = begin; at < end; ++at) {
    if (batch.inputs[at] >= kFirstOrdinary && left-- == 0) return mask(at);
  }
}

std::string to_text(const CutDocuments& cut, std::int64_t context) {
  const double share = 100 * static_cast<double>(cut.tokens) / static_cast<double>(cut.all_tokens);
  return base::concat(base::with_commas(cut.count),
                      cut.count == 1 ? " document is longer" : " documents are longer",
                      " than the context of ", context, " tokens and ",
                      cut.count == 1 ? "is" : "are", " cut: ", base::with_commas(cut.tokens),
                      " of ", base::with_commas(cut.all_tokens), " tokens (",
                      base::fixed(share, share < 1 ? 3 : 1), "%) are never read");
}

void require_ids(const Batch& batch, std::int32_t vocabulary) {
  if (vocabulary <= 0) return;
  std::int32_t least = 0;
  std::int32_t most = 0;
  for (const std::int32_t id : batch.inputs) {
    least = std::min(least, id);
    most = std::max(most, id);
  }
  for (const std::int32_t id : batch.targets) most = std::max(most, id);
  if (least < 0 || most >= vocabulary) {
    throw base::Error(
        base::concat("token file: found id ", least < 0 ? least : most, ", expected ids from 0 to ",
                     vocabulary - 1, ": the cache is damaged"),
        base::Error::Fault::kRun);
  }
}

}  // namespace qkv::text
