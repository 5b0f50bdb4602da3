#include "inspect/passage.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/format.h"
#include "inspect/fillings.h"
#include "inspect/tiny.h"
#include "inspect/vocabulary.h"

namespace qkv::inspect {
namespace {

using spec::TextLayout;
using spec::TokenizerKind;
using tests::message_of;

config::Config config_of(TextLayout layout, spec::Objective objective) {
  config::Config config = tests::tiny_config();
  config.data.layout = layout;
  config.model.objective = objective;
  return config;
}

TEST(Passage, HasTheSpecialsOfItsLayout) {
  const std::string text = "the cat sat.";
  const std::vector<std::int32_t> plain = tests::tiny_tokenizer().encode(text);
  for (const spec::Objective objective : spec::all<spec::Objective>()) {
    const checkpoint::Checkpoint stream =
        tests::tiny_checkpoint(config_of(TextLayout::kStream, objective));
    EXPECT_EQ(ids_of(read_passage(stream, text, "t")), plain);
    const checkpoint::Checkpoint lines =
        tests::tiny_checkpoint(config_of(TextLayout::kLines, objective));
    std::vector<std::int32_t> expected = plain;
    expected.insert(expected.begin(), text::Tokenizer::kBegin);
    if (objective == spec::Objective::kMasked) expected.push_back(text::Tokenizer::kEnd);
    const Passage passage = read_passage(lines, text + "\r\n", "t");
    EXPECT_EQ(ids_of(passage), expected);
    EXPECT_EQ(passage.text, text);
    EXPECT_EQ(passage.tokens.front().begin, passage.tokens.front().end);
  }
}

TEST(Passage, AMaskTakesThePlaceOfOneWord) {
  const std::string text = "the <mask> sat on <mask> mat.";
  for (const auto kind : {TokenizerKind::kWord, TokenizerKind::kBpe, TokenizerKind::kUnigram}) {
    const checkpoint::Checkpoint checkpoint =
        tests::tiny_checkpoint(config_of(TextLayout::kStream, spec::Objective::kMasked), kind);
    const Passage passage = read_passage(checkpoint, text, "t");
    std::vector<std::int32_t> masked;
    for (const char* part : {"the", " sat on", " mat."}) {
      const auto place =
          masked.empty() ? text::Tokenizer::Place::kLineStart : text::Tokenizer::Place::kInLine;
      for (const std::int32_t id : checkpoint.tokenizer.encode(part, place)) masked.push_back(id);
      masked.push_back(text::Tokenizer::kMask);
    }
    masked.pop_back();
    EXPECT_EQ(ids_of(passage), masked) << kind;
    for (std::size_t i = 0; i < masked.size(); ++i) {
      const text::Token& token = passage.tokens[i];
      if (token.id == text::Tokenizer::kMask) {
        EXPECT_EQ(token.begin, token.end);
        EXPECT_EQ(text.substr(token.begin, 6), "<mask>");
      }
    }
  }
  // With words as pieces, hiding one word hides one token.
  const checkpoint::Checkpoint words =
      tests::tiny_checkpoint(config_of(TextLayout::kStream, spec::Objective::kMasked));
  std::vector<std::int32_t> whole = words.tokenizer.encode("the cat sat on the mat.");
  whole[1] = whole[4] = text::Tokenizer::kMask;
  EXPECT_EQ(ids_of(read_passage(words, text, "t")), whole);
  EXPECT_EQ(ids_of(read_passage(words, "<mask> <mask>", "t")), (std::vector<std::int32_t>{3, 3}));
}

TEST(Passage, ACausalModelReadsTheMaskAsText) {
  config::Config config = config_of(TextLayout::kStream, spec::Objective::kCausal);
  config.model.context = 64;
  const checkpoint::Checkpoint checkpoint = tests::tiny_checkpoint(config);
  for (const text::Token& token : read_passage(checkpoint, "the <mask>", "t").tokens) {
    EXPECT_NE(token.id, text::Tokenizer::kMask);
  }
}

TEST(Passage, RefusesWhatItCannotRead) {
  const checkpoint::Checkpoint checkpoint =
      tests::tiny_checkpoint(config_of(TextLayout::kStream, spec::Objective::kCausal));
  EXPECT_EQ(message_of([&] { read_passage(checkpoint, "", "--text"); }),
            "--text: found an empty text, expected at least one character");
  std::string longer;
  for (int i = 0; i < 17; ++i) longer += " cat";
  EXPECT_EQ(message_of([&] { read_passage(checkpoint, longer.substr(1), "--text"); }),
            "--text: found 17 tokens, expected at most the context of 16");
  EXPECT_NE(message_of([&] { read_passage(checkpoint, "cat \xFF", "--text"); }).find("byte 4"),
            std::string::npos);
  const checkpoint::Checkpoint lines =
      tests::tiny_checkpoint(config_of(TextLayout::kLines, spec::Objective::kCausal));
  EXPECT_NE(message_of([&] { read_passage(lines, "\n", "--text"); }), "");
}

TEST(Passage, NamesTokensForPeople) {
  config::Config config = config_of(TextLayout::kLines, spec::Objective::kCausal);
  const checkpoint::Checkpoint checkpoint = tests::tiny_checkpoint(config, TokenizerKind::kChar);
  const Passage passage = read_passage(checkpoint, "a \xC3\xA9", "t");
  EXPECT_EQ(token_labels(passage, checkpoint.tokenizer),
            (std::vector<std::string>{"<s>", "a", "·", "<0xC3>", "<0xA9>"}));
  EXPECT_EQ(token_text(passage, 0), "");
  EXPECT_EQ(token_text(passage, 1), "a");
  EXPECT_EQ(token_text(passage, 3), "\xEF\xBF\xBD");
}

/// What the output of a token predicts.
std::vector<double> probabilities_of(const Inspection& inspection, std::size_t token) {
  const base::View logits = inspection.taps.value("logits")[static_cast<std::int64_t>(token)];
  std::vector<double> probabilities;
  double total = 0;
  for (const float logit : logits.values())
    total += probabilities.emplace_back(std::exp(static_cast<double>(logit)));
  for (double& probability : probabilities) probability /= total;
  return probabilities;
}

// Probabilities are computed in double from the same logits: 1e-12 is thousands of roundings of
// numbers up to 1.

TEST(Fillings, AreTheLikeliestPiecesUnderTheMask) {
  const checkpoint::Checkpoint checkpoint =
      tests::tiny_checkpoint(config_of(TextLayout::kStream, spec::Objective::kMasked));
  const Inspection inspection = tests::inspect_text(checkpoint, "the <mask> sat");
  const std::vector<double> probabilities = probabilities_of(inspection, 1);

  const std::vector<Filling> found = fillings(inspection, checkpoint.tokenizer, 1, 5);
  ASSERT_EQ(found.size(), 5U);
  for (const Filling& filling : found) {
    EXPECT_NEAR(filling.probability, probabilities.at(filling.id), 1e-12);
  }
  int likelier = 0;
  for (std::size_t id = 4; id < probabilities.size(); ++id)
    likelier += probabilities[id] > probabilities.at(found[4].id) ? 1 : 0;
  EXPECT_EQ(likelier, 4);
  for (const Filling& filling : fillings(inspection, checkpoint.tokenizer, 1, 1'000'000))
    EXPECT_FALSE(checkpoint.tokenizer.is_special(filling.id));  // no text ends inside
  const std::string text = fillings_text(inspection, checkpoint.tokenizer, false);
  EXPECT_TRUE(text.starts_with("<mask> at token 1\n"));
  EXPECT_NE(text.find(piece_word(checkpoint.tokenizer, found[0].id)), std::string::npos);
  EXPECT_EQ(fillings_text(tests::inspect_text(checkpoint, "the cat"), checkpoint.tokenizer, false),
            "");
}

TEST(Fillings, OfACausalModelAreTheNextWords) {
  const checkpoint::Checkpoint checkpoint =
      tests::tiny_checkpoint(config_of(TextLayout::kLines, spec::Objective::kCausal));
  Inspection inspection = tests::inspect_text(checkpoint, "the cat");
  const std::size_t last = inspection.passage.tokens.size() - 1;
  EXPECT_EQ(asked_tokens(inspection.passage, true), std::vector<std::size_t>{last});
  const std::vector<double> probabilities = probabilities_of(inspection, last);
  const std::vector<Filling> found = fillings(inspection, checkpoint.tokenizer, last);
  ASSERT_EQ(found.size(), 10U);
  std::vector<std::int32_t> open = {text::Tokenizer::kEnd};  // where the text may end
  for (std::int32_t id = 4; id < checkpoint.tokenizer.size(); ++id) open.push_back(id);
  const auto all = fillings(inspection, checkpoint.tokenizer, last, 1'000'000);
  EXPECT_EQ(all.size(), open.size());
  double total = 0;
  for (const std::int32_t id : open) total += probabilities.at(id);
  double sum = 0;
  for (const Filling& filling : all) sum += filling.probability;
  EXPECT_NEAR(sum, total, 1e-12);
  for (std::size_t place = 0; place < found.size(); ++place) {
    EXPECT_EQ(found[place].id, all[place].id);
    EXPECT_NEAR(found[place].probability, probabilities.at(found[place].id), 1e-12);
  }
  EXPECT_TRUE(fillings_text(inspection, checkpoint.tokenizer, true)
                  .starts_with(base::concat("after token ", last, ", the end of the text\n")));
  const base::Json json = fillings_json(inspection, checkpoint.tokenizer, true);
  ASSERT_EQ(json.size(), 1U);
  EXPECT_EQ(json[0]["token"], last);
  ASSERT_EQ(json[0]["likeliest"].size(), 10U);
  EXPECT_EQ(json[0]["likeliest"][0]["id"], found[0].id);
  EXPECT_EQ(json[0]["likeliest"][0]["probability"], found[0].probability);
}

}  // namespace
}  // namespace qkv::inspect
