#include "text/batches/batches.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "scratch.h"
#include "text/corpus/token_writer.h"
#include "text/tokenizer/tokenizer.h"

namespace qkv::text {
namespace {

using tests::Scratch;

constexpr std::int32_t kBegin = Tokenizer::kBegin;
constexpr std::int32_t kEnd = Tokenizer::kEnd;

/// Token i of a stream is 10 + i, so that an id shows its index.
TokenFile stream(const Scratch& scratch, std::int32_t size) {
  TokenWriter writer(scratch / "stream", 100000);
  for (std::int32_t index = 0; index < size; ++index) writer.add(10 + index);
  writer.finish(1);
  return TokenFile(scratch / "stream");
}

/// Documents of these lengths (specials included); ids number the tokens consecutively.
TokenFile lines(const Scratch& scratch, const std::vector<int>& lengths) {
  TokenWriter writer(scratch / "lines", 100000);
  std::int32_t next = 10;
  for (const int length : lengths) {
    writer.begin_document();
    writer.add(kBegin);
    for (int index = 0; index < length - 2; ++index) writer.add(next++);
    writer.add(kEnd);
  }
  writer.finish(1);
  return TokenFile(scratch / "lines");
}

std::vector<int> random_lengths(unsigned seed, int count, int most) {
  std::mt19937 random(seed);
  std::vector<int> lengths;
  for (int index = 0; index < count; ++index)
    lengths.push_back(3 + static_cast<int>(random() % static_cast<unsigned>(most - 2)));
  return lengths;
}

bool same(const Batch& one, const Batch& other) {
  return one.rows == other.rows && one.inputs == other.inputs && one.targets == other.targets &&
         one.positions == other.positions && one.documents == other.documents;
}

TEST(TrainingBatches, AStreamsEpochPredictsEachTokenOnce) {
  const Scratch scratch;
  std::set<std::int32_t> phases;
  for (const std::int32_t size : {6, 9, 10, 11, 57, 1003}) {
    const TokenFile tokens = stream(scratch, size);
    const std::int64_t context = 5;
    const TrainingBatches batches(tokens, context, {}, 3);
    const std::uint64_t windows = batches.rows_in_epoch();
    EXPECT_EQ(windows, static_cast<std::uint64_t>(std::max(1, (size - 5) / 5)));
    for (std::uint64_t epoch = 0; epoch < 12; ++epoch) {
      std::set<std::int32_t> predicted;
      for (std::uint64_t window = 0; window < windows; ++window) {
        const Batch batch = batches.get(epoch * windows + window, 1);
        ASSERT_TRUE(batch.documents.empty());
        for (std::size_t place = 0; place < 5; ++place) {
          ASSERT_EQ(batch.targets[place], batch.inputs[place] + 1);
          ASSERT_EQ(batch.positions[place], static_cast<std::int32_t>(place));
          ASSERT_LT(batch.targets[place], 10 + size);
          ASSERT_TRUE(predicted.insert(batch.targets[place]).second);
        }
      }
      // Without a gap, and at most two contexts less than the whole.
      EXPECT_EQ(predicted.size(), windows * 5);
      EXPECT_EQ(*predicted.rbegin() - *predicted.begin() + 1,
                static_cast<std::int32_t>(predicted.size()));
      EXPECT_GT(static_cast<std::int32_t>(predicted.size()), size - 10);
      if (size == 1003) phases.insert(*predicted.begin());
    }
  }
  EXPECT_GE(phases.size(), 4U);
}

TEST(TrainingBatches, AnyGroupingOfRowsVisitsTheSameWindows) {
  const Scratch scratch;
  const TokenFile tokens = stream(scratch, 300);
  const TrainingBatches batches(tokens, 7, {}, 1);
  std::vector<std::int32_t> one_by_one;
  for (std::uint64_t index = 0; index < 120; ++index) {
    const Batch batch = batches.get(index, 1);
    one_by_one.insert(one_by_one.end(), batch.inputs.begin(), batch.inputs.end());
  }
  std::vector<std::int32_t> grouped;
  for (std::uint64_t index = 0; index < 10; ++index) {
    const Batch batch = batches.get(index, 12);
    grouped.insert(grouped.end(), batch.inputs.begin(), batch.inputs.end());
  }
  EXPECT_EQ(grouped, one_by_one);
}

TEST(TrainingBatches, SplittingABatchKeepsItsMasks) {
  const Scratch scratch;
  const TokenFile streamed = stream(scratch, 500);
  const TokenFile documents = lines(scratch, random_lengths(1, 60, 14));
  for (const TokenFile* tokens : {&streamed, &documents}) {
    const TrainingBatches batches(*tokens, 12, {false, 2000}, 5);
    const Batch whole = batches.get(3, 6);
    const std::vector<Batch> parts = {batches.get(3, 6, 0, 1), batches.get(3, 6, 1, 2),
                                      batches.get(3, 6, 3, 3)};
    EXPECT_EQ(parts[2].first_row, 3);
    for (const Batch& part : parts) {
      const auto begin = static_cast<std::size_t>(part.first_row * 12);
      ASSERT_EQ(part.inputs.size(), static_cast<std::size_t>(part.rows * 12));
      ASSERT_EQ(part.documents.empty(), whole.documents.empty());
      for (std::size_t at = 0; at < part.inputs.size(); ++at) {
        ASSERT_EQ(part.inputs[at], whole.inputs[begin + at]);
        ASSERT_EQ(part.targets[at], whole.targets[begin + at]);
        ASSERT_EQ(part.positions[at], whole.positions[begin + at]);
        if (!part.documents.empty()) {
          ASSERT_EQ(part.documents[at], whole.documents[begin + at]);
        }
      }
    }
  }
}

TEST(TrainingBatches, ArePureFunctionsOfSeedAndIndex) {
  const Scratch scratch;
  const TokenFile streamed = stream(scratch, 500);
  const TokenFile documents = lines(scratch, random_lengths(1, 60, 14));
  for (const TokenFile* tokens : {&streamed, &documents}) {
    for (const bool causal : {true, false}) {
      const Objective objective{causal, 2000};
      const TrainingBatches batches(*tokens, 12, objective, 5);
      const TrainingBatches resumed(*tokens, 12, objective, 5);
      const TrainingBatches other(*tokens, 12, objective, 6);
      std::vector<Batch> run;
      for (std::uint64_t index = 0; index < 40; ++index) run.push_back(batches.get(index, 3));
      for (std::uint64_t index = 39; index > 20; --index) {
        EXPECT_TRUE(same(resumed.get(index, 3), run[index]));
        EXPECT_FALSE(same(other.get(index, 3), run[index]));
        EXPECT_FALSE(same(run[index], run[index - 1]));
      }
      std::vector<Batch> parallel(40);
      std::thread even([&] {
        for (std::uint64_t index = 0; index < 40; index += 2)
          parallel[index] = batches.get(index, 3);
      });
      std::thread odd([&] {
        for (std::uint64_t index = 1; index < 40; index += 2)
          parallel[index] = batches.get(index, 3);
      });
      even.join();
      odd.join();
      for (std::uint64_t index = 0; index < 40; ++index)
        EXPECT_TRUE(same(parallel[index], run[index]));
    }
  }
}

/// Checks one row of documents against the rules, and counts how often each token was a target.
void check_row(const Batch& batch, std::int64_t row, std::map<std::int32_t, int>& targets) {
  std::int32_t document = -1;
  std::int32_t position = 0;
  bool padded = false;
  for (std::int64_t place = 0; place < batch.context; ++place) {
    const auto at = static_cast<std::size_t>(row * batch.context + place);
    if (batch.documents[at] == -1) {
      padded = true;
      ASSERT_EQ(batch.targets[at], Batch::kIgnored);
      ASSERT_EQ(batch.positions[at], ++position);
      continue;
    }
    ASSERT_FALSE(padded);
    if (batch.documents[at] != document) {
      ASSERT_EQ(batch.documents[at], ++document);
      ASSERT_EQ(batch.inputs[at], kBegin);
      ASSERT_EQ(batch.positions[at], position = 0);
    } else {
      ASSERT_EQ(batch.positions[at], ++position);
      ASSERT_NE(batch.inputs[at], kEnd);  // the end is predicted, but it is no input
      ASSERT_EQ(batch.inputs[at], batch.targets[at - 1]);
    }
    ++targets[batch.targets[at]];
  }
  ASSERT_GE(document, 0);
}

TEST(TrainingBatches, EveryDocumentOnceInEachEpoch) {
  const Scratch scratch;
  const std::vector<int> lengths = random_lengths(2, 200, 17);  // up to context + 1: none is cut
  const TokenFile tokens = lines(scratch, lengths);
  const TrainingBatches batches(tokens, 16, {}, 9);
  EXPECT_EQ(batches.cut().count, 0U);
  const std::uint64_t rows = batches.rows_in_epoch();
  std::vector<std::vector<std::int32_t>> orders;
  for (std::uint64_t epoch = 0; epoch < 3; ++epoch) {
    std::map<std::int32_t, int> targets;
    orders.emplace_back();
    for (std::uint64_t row = 0; row < rows; ++row) {
      const Batch batch = batches.get(epoch * rows + row, 1);
      check_row(batch, 0, targets);
      orders.back().push_back(batch.inputs[1]);
    }
    EXPECT_EQ(targets.size(), tokens.size() - 2 * lengths.size() + 1);
    for (const auto& [id, count] : targets)
      EXPECT_EQ(count, id == kEnd ? static_cast<int>(lengths.size()) : 1) << id;
  }
  EXPECT_NE(orders[0], orders[1]);
  std::sort(orders[0].begin(), orders[0].end());
  std::sort(orders[1].begin(), orders[1].end());
  EXPECT_EQ(orders[0], orders[1]);  // the same packing
  // Two neighbouring rows never fit into one, so next-fit takes at most twice the minimum.
  EXPECT_LE(rows, 2 * ((tokens.size() - lengths.size()) / 16 + 1));
}

TEST(TrainingBatches, FillsRowsToTheLastPlace) {
  const Scratch scratch;
  const TokenFile tokens = lines(scratch, {5, 5, 5, 5, 5, 5});
  const TrainingBatches batches(tokens, 8, {}, 1);  // 4 positions each
  EXPECT_EQ(batches.rows_in_epoch(), 3U);
  for (const std::int32_t document : batches.get(0, 3).documents) EXPECT_GE(document, 0);
}

TEST(TrainingBatches, LongDocumentsAreCutAndCounted) {
  const Scratch scratch;
  const TokenFile tokens =
      lines(scratch, {9, 10, 11, 30, 3});  // context 8: 9 fits, 10, 11 and 30 do not
  const TrainingBatches batches(tokens, 8, {}, 1);
  EXPECT_EQ(batches.cut().count, 3U);
  const TrainingBatches masked(tokens, 8, {false, 100000}, 1);
  EXPECT_EQ(masked.cut().count, 4U);  // a masked document has all its ids as inputs
  const ValidationBatches validation(tokens, 8, {}, 1);
  EXPECT_EQ(validation.cut().count, 3U);
  // 10, 11 and 30 ids, of which 9 are used, the last only as a target; 8 if all are inputs.
  for (const CutDocuments& cut : {batches.cut(), validation.cut()})
    EXPECT_EQ(cut.tokens, 1U + 2 + 21);
  EXPECT_EQ(masked.cut().tokens, 1U + 2 + 3 + 22);
  EXPECT_EQ(batches.cut().all_tokens, 63U);
  EXPECT_EQ(to_text(batches.cut(), 8),
            "3 documents are longer than the context of 8 tokens and are cut: 24 of 63 tokens "
            "(38.1%) are never read");
  EXPECT_EQ(to_text({.count = 1, .tokens = 5, .all_tokens = 100000}, 8),
            "1 document is longer than the context of 8 tokens and is cut: 5 of 100,000 tokens "
            "(0.005%) are never read");
  const Batch batch = validation.get(1, 1);
  EXPECT_EQ(batch.inputs, (std::vector<std::int32_t>{kBegin, 17, 18, 19, 20, 21, 22, 23}));
  EXPECT_EQ(batch.targets, (std::vector<std::int32_t>{17, 18, 19, 20, 21, 22, 23, 24}));
}

TEST(ValidationBatches, AStreamInOrder) {
  const Scratch scratch;
  for (const std::int32_t size : {2, 5, 6, 7, 11, 100}) {
    const TokenFile tokens = stream(scratch, size);
    const ValidationBatches batches(tokens, 5, {}, 1);
    std::int32_t next = 11;
    std::uint64_t first = 0;
    for (; first < batches.rows(); first += 3) {
      const Batch batch = batches.get(first, 3);
      for (std::size_t at = 0; at < batch.targets.size(); ++at) {
        if (batch.targets[at] == Batch::kIgnored) {
          ASSERT_EQ(batch.documents[at], -1);
          continue;
        }
        ASSERT_EQ(batch.targets[at], next);
        ASSERT_EQ(batch.inputs[at], next - 1);
        ++next;
      }
    }
    EXPECT_EQ(next, 10 + size);  // each but the first, and none twice
    EXPECT_EQ(batches.get(batches.rows(), 3).rows, 0);
  }
  EXPECT_THROW(ValidationBatches(stream(scratch, 1), 5, {}, 1), base::Error);
}

TEST(ValidationBatches, EveryDocumentInOrder) {
  const Scratch scratch;
  const TokenFile tokens = lines(scratch, random_lengths(4, 50, 12));
  const ValidationBatches batches(tokens, 16, {}, 1);
  std::vector<std::int32_t> inputs;
  std::map<std::int32_t, int> targets;
  const Batch batch = batches.get(0, 1000);
  EXPECT_EQ(static_cast<std::uint64_t>(batch.rows), batches.rows());
  for (std::int64_t row = 0; row < batch.rows; ++row) check_row(batch, row, targets);
  for (std::size_t at = 0; at < batch.inputs.size(); ++at) {
    if (batch.documents[at] >= 0) inputs.push_back(batch.inputs[at]);
  }
  std::vector<std::int32_t> expected;
  for (std::uint64_t index = 0; index < tokens.size(); ++index) {
    if (tokens[index] != kEnd) expected.push_back(tokens[index]);
  }
  EXPECT_EQ(inputs, expected);
}

TEST(ValidationBatches, MaskingDependsOnTheWindowAlone) {
  const Scratch scratch;
  const TokenFile tokens = stream(scratch, 203);
  const ValidationBatches batches(tokens, 20, {false, 1000}, 4);
  EXPECT_EQ(batches.rows(), 11U);
  const Batch all = batches.get(0, 100);
  for (const std::int64_t rows : {1, 3, 4}) {
    for (std::uint64_t first = 0; first < 11; first += static_cast<std::uint64_t>(rows)) {
      const Batch part = batches.get(first, rows);
      for (std::size_t at = 0; at < part.inputs.size(); ++at) {
        ASSERT_EQ(part.inputs[at], all.inputs[first * 20 + at]);
        ASSERT_EQ(part.targets[at], all.targets[first * 20 + at]);
      }
    }
  }
}

void expect_share(std::int64_t count, std::int64_t of, double share) {
  const double spread = std::sqrt(share * (1 - share) * static_cast<double>(of));
  EXPECT_NEAR(static_cast<double>(count), share * static_cast<double>(of), 4 * spread)
      << "of " << of;
}

TEST(Masking, HasTheSharesOfBert) {
  const Scratch scratch;
  // All tokens are one id, so that a kept one can be distinguished from a random one.
  TokenWriter writer(scratch / "same", 5004);
  for (int index = 0; index < 100000; ++index) writer.add(4);
  writer.finish(1);
  const TokenFile tokens(scratch / "same");
  const TrainingBatches batches(tokens, 100, {false, 5004}, 8);
  std::int64_t all = 0;
  std::int64_t chosen = 0;
  std::int64_t masked = 0;
  std::int64_t kept = 0;
  std::set<std::int32_t> replacements;
  for (std::uint64_t index = 0; index < 50; ++index) {
    const Batch batch = batches.get(index, 40);
    EXPECT_TRUE(batch.documents.empty());
    for (std::size_t at = 0; at < batch.inputs.size(); ++at) {
      ++all;
      if (batch.targets[at] == Batch::kIgnored) {
        ASSERT_EQ(batch.inputs[at], 4);
        continue;
      }
      ASSERT_EQ(batch.targets[at], 4);
      ++chosen;
      masked += batch.inputs[at] == Tokenizer::kMask;
      kept += batch.inputs[at] == 4;
      if (batch.inputs[at] > 4) replacements.insert(batch.inputs[at]);
      ASSERT_GE(batch.inputs[at], Tokenizer::kMask);
      ASSERT_LT(batch.inputs[at], 5004);
    }
  }
  expect_share(chosen, all, 0.15);
  expect_share(masked, chosen, 0.8);
  expect_share(kept, chosen, 0.1);
  expect_share(chosen - masked - kept, chosen, 0.1);
  EXPECT_GT(replacements.size(), 2000U);
  EXPECT_LT(*replacements.begin(), 20);
  EXPECT_GT(*replacements.rbegin(), 4980);
}

TEST(Masking, LeavesSpecialsAndPaddingAndMasksEachRow) {
  const Scratch scratch;
  const TokenFile tokens = lines(scratch, random_lengths(6, 300, 6));
  const TrainingBatches batches(tokens, 8, {false, 5000}, 8);
  const Batch batch = batches.get(0, static_cast<std::int64_t>(batches.rows_in_epoch()));
  std::vector<std::int32_t> restored;
  for (std::int64_t row = 0; row < batch.rows; ++row) {
    int asked = 0;
    for (std::int64_t place = 0; place < 8; ++place) {
      const auto at = static_cast<std::size_t>(row * 8 + place);
      if (batch.targets[at] != Batch::kIgnored) {
        ++asked;
        ASSERT_GE(batch.targets[at], 4);
        ASSERT_GE(batch.documents[at], 0);
      }
      if (batch.documents[at] < 0) continue;
      const std::int32_t id =
          batch.targets[at] == Batch::kIgnored ? batch.inputs[at] : batch.targets[at];
      if (id >= 4) restored.push_back(id);
    }
    EXPECT_GE(asked, 1);
  }
  std::sort(restored.begin(), restored.end());
  std::vector<std::int32_t> expected;
  for (std::uint64_t index = 0; index < tokens.size(); ++index) {
    if (tokens[index] >= 4) expected.push_back(tokens[index]);
  }
  EXPECT_EQ(restored, expected);  // the inputs are whole documents, every one once
}

TEST(Batches, RefuseWhatCannotBeAsked) {
  const Scratch scratch;
  const TokenFile tokens = stream(scratch, 20);
  EXPECT_THROW(TrainingBatches(tokens, 20, {}, 1), base::Error);
  EXPECT_NO_THROW(TrainingBatches(tokens, 19, {}, 1));
  EXPECT_THROW(TrainingBatches(tokens, 0, {}, 1), base::Error);
  EXPECT_THROW(TrainingBatches(tokens, 5, {true, 29}, 1), base::Error);  // ids up to 29
  EXPECT_NO_THROW(TrainingBatches(tokens, 5, {true, 30}, 1));
  EXPECT_THROW(TrainingBatches(tokens, 5, {false, 0}, 1), base::Error);
}

TEST(Batches, NoticeDamagedIds) {
  const Scratch scratch;
  stream(scratch, 20);
  std::string bytes = base::read_file(scratch / "stream");
  bytes[64 + 4 * 10 + 3] = '\x80';  // token 10 becomes negative
  base::write_file(scratch / "negative", bytes);
  bytes[64 + 4 * 10 + 3] = '\x01';  // and far too great
  base::write_file(scratch / "great", bytes);
  for (const std::string name : {"negative", "great"}) {
    EXPECT_THROW(TokenFile(scratch / name), base::Error);
    const TokenFile tokens(scratch / name, /*most_in_memory=*/0);
    EXPECT_THROW(tokens.check(), base::Error);
    const TrainingBatches batches(tokens, 10, {true, 30}, 1);
    EXPECT_THROW(batches.get(0, 1), base::Error) << name;
    const ValidationBatches validation(tokens, 5, {false, 30}, 1);
    EXPECT_THROW(validation.get(0, 2), base::Error) << name;
    EXPECT_THROW(validation.get(2, 1), base::Error) << name;
  }
}

}  // namespace
}  // namespace qkv::text
