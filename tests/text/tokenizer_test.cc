#include "text/tokenizer/tokenizer.h"

#include <gtest/gtest.h>
#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/files.h"
#include "base/utf8.h"
#include "samples.h"
#include "scratch.h"

namespace qkv::text {
namespace {

using spec::TokenizerKind;
using tests::learn;

std::vector<std::string> pieces(const Tokenizer& tokenizer, std::string_view text,
                                Tokenizer::Place place = Tokenizer::Place::kLineStart) {
  std::vector<std::string> out;
  for (const std::int32_t id : tokenizer.encode(text, place)) out.push_back(tokenizer.piece(id));
  return out;
}

using Names = std::vector<std::string>;

TEST(Tokenizer, EveryTextComesBack) {
  const std::string corpus = tests::sentences(1, 200);
  for (const TokenizerKind kind : spec::all<TokenizerKind>()) {
    const Tokenizer tokenizer = learn(corpus, kind);
    std::mt19937 random(7);
    for (int round = 0; round < 3000; ++round) {
      const std::string text = tests::hostile_text(random);
      ASSERT_FALSE(base::find_invalid_utf8(text));
      const auto ids = tokenizer.encode(text);
      ASSERT_EQ(tokenizer.decode(ids), text) << kind << " " << ::testing::PrintToString(text);
      for (const std::int32_t id : ids) ASSERT_FALSE(tokenizer.is_special(id)) << kind << text;

      const auto inside = tokenizer.encode(text, Tokenizer::Place::kInLine);
      ASSERT_EQ(tokenizer.decode(inside, Tokenizer::Place::kInLine), text) << kind;

      const auto tokens = tokenizer.encode_with_offsets(text);
      ASSERT_EQ(tokens.size(), ids.size());
      std::size_t end = 0;
      for (std::size_t index = 0; index < tokens.size(); ++index) {
        ASSERT_EQ(tokens[index].id, ids[index]);
        ASSERT_EQ(tokens[index].begin, end);
        ASSERT_GE(tokens[index].end, end);
        end = tokens[index].end;
      }
      ASSERT_EQ(end, text.size());

      Decoder decoder(tokenizer);
      std::string streamed;
      for (const std::int32_t id : ids) {
        const std::string part = decoder.add(id);
        ASSERT_FALSE(base::find_invalid_utf8(part));
        streamed += part;
      }
      ASSERT_EQ(streamed + decoder.finish(), text) << kind;
    }
  }
}

TEST(Tokenizer, EveryCharacterComesBack) {
  for (const TokenizerKind kind : spec::all<TokenizerKind>()) {
    const Tokenizer tokenizer = learn(tests::sentences(1, 20), kind);
    for (char32_t begin = 0; begin < 0x110000; begin += 64) {
      if (begin >= 0x20000 && begin < 0xE0000) continue;  // CJK extensions and what is not assigned
      std::string text;
      for (char32_t code = begin; code < begin + 64; ++code) {
        if (code >= 0xD800 && code < 0xE000) continue;
        tests::append_utf8(text, code);
      }
      ASSERT_EQ(tokenizer.decode(tokenizer.encode(text)), text)
          << kind << " from " << static_cast<unsigned>(begin);
    }
  }
}

TEST(Tokenizer, AWordIsOnePieceWhereverItStands) {
  const Tokenizer tokenizer =
      learn("the cat sat.\nthe cat  sat on the mat. \n", TokenizerKind::kWord, 100);
  EXPECT_EQ(pieces(tokenizer, "the cat\nthe cat"), (Names{"▁the", "▁cat", "\n", "▁the", "▁cat"}));
  EXPECT_EQ(pieces(tokenizer, " the cat. "), (Names{"▁", "▁the", "▁cat", ".", "▁"}));
  EXPECT_EQ(pieces(tokenizer, "\n the"), (Names{"\n", "▁", "▁the"}));
  EXPECT_EQ(pieces(tokenizer, ".the"), (Names{".", "<0x74>", "<0x68>", "<0x65>"}));
  EXPECT_EQ(pieces(tokenizer, " cat", Tokenizer::Place::kInLine), Names{"▁cat"});
  EXPECT_EQ(pieces(tokenizer, "dog"), (Names{"▁", "<0x64>", "<0x6F>", "<0x67>"}));
  EXPECT_TRUE(pieces(tokenizer, "").empty());
}

TEST(Tokenizer, EncodingMayBeCutBeforeASpace) {
  // The documented rule: a text equals its parts, cut before the space of a word, where the later
  // parts are inside a line.
  for (const TokenizerKind kind : spec::all<TokenizerKind>()) {
    const Tokenizer tokenizer = learn(tests::sentences(1, 100), kind);
    auto ids = tokenizer.encode("the cat sat on");
    const auto rest = tokenizer.encode(" a mat, never.\nstars", Tokenizer::Place::kInLine);
    ids.insert(ids.end(), rest.begin(), rest.end());
    EXPECT_EQ(ids, tokenizer.encode("the cat sat on a mat, never.\nstars")) << kind;
  }
}

TEST(Tokenizer, OffsetsGiveTheAddedSpaceNoWidth) {
  const Tokenizer tokenizer = learn("the cat sat.\n", TokenizerKind::kWord, 100);
  const auto tokens = tokenizer.encode_with_offsets("the é cat");
  ASSERT_EQ(tokens.size(), 5U);  // ▁the ▁ <0xC3> <0xA9> ▁cat
  const std::vector<std::pair<std::size_t, std::size_t>> expected = {
      {0, 3}, {3, 4}, {4, 5}, {5, 6}, {6, 10}};
  for (std::size_t index = 0; index < tokens.size(); ++index) {
    EXPECT_EQ(std::pair(tokens[index].begin, tokens[index].end), expected[index]);
  }
  const auto spaced = tokenizer.encode_with_offsets(" the");
  ASSERT_EQ(spaced.size(), 2U);
  EXPECT_EQ(spaced[0].end, 0U);
  EXPECT_EQ(spaced[1].end, 4U);
}

TEST(Tokenizer, SpecialsAreNeverMadeFromText) {
  for (const TokenizerKind kind : spec::all<TokenizerKind>()) {
    const Tokenizer tokenizer = learn("<s> <mask> </s> <unk> <0x41> <s> <mask>", kind);
    for (const std::int32_t id : tokenizer.encode("<s><mask></s><unk>"))
      EXPECT_FALSE(tokenizer.is_special(id));
    EXPECT_EQ(tokenizer.piece(0), "<unk>");
    EXPECT_EQ(tokenizer.piece(1), "<s>");
    EXPECT_EQ(tokenizer.piece(2), "</s>");
    EXPECT_EQ(tokenizer.piece(3), "<mask>");
    for (std::int32_t id = 0; id < 4; ++id) EXPECT_TRUE(tokenizer.is_special(id));
    EXPECT_THROW(tokenizer.piece(-1), base::Error);
    EXPECT_THROW(
        tokenizer.decode(std::vector<std::int32_t>{static_cast<std::int32_t>(tokenizer.size())}),
        base::Error);
  }
}

TEST(Tokenizer, DocumentsDecodeAsLinesOfTheirOwn) {
  const Tokenizer tokenizer = learn("the cat sat.\n", TokenizerKind::kWord, 100);
  std::vector<std::int32_t> ids = {Tokenizer::kBegin};
  for (const std::int32_t id : tokenizer.encode("the cat")) ids.push_back(id);
  ids.push_back(Tokenizer::kEnd);
  for (const std::int32_t id : tokenizer.encode("cat")) ids.push_back(id);
  EXPECT_EQ(tokenizer.decode(ids), "the catcat");
}

TEST(Tokenizer, CharactersAreCountedAndRanked) {
  const std::string text = "aaaa\nbbb cc\nd";
  const Tokenizer tokenizer = learn(text, TokenizerKind::kChar, 100);
  EXPECT_EQ(tokenizer.size(), 4 + 256 + 6);  // a b c d, space, newline
  EXPECT_EQ(pieces(tokenizer, "a d\ne"), (Names{"a", "▁", "d", "\n", "<0x65>"}));
  const Tokenizer small = learn(text, TokenizerKind::kChar, 2);
  EXPECT_EQ(small.size(), 4 + 256 + 2);
  EXPECT_EQ(pieces(small, "abc"), (Names{"a", "b", "<0x63>"}));
}

TEST(Tokenizer, SmallVocabulariesAndTextsAreNoError) {
  for (const TokenizerKind kind : spec::all<TokenizerKind>()) {
    for (const std::string text :
         {"a", "\n", "\t\t", " ", "▁", "▅▅ ▅", "日", "ab cd ef gh", "\xF4\x8F\xBF\xBF"}) {
      for (const std::int64_t vocabulary : {1, 2, 3, 1000}) {
        const Tokenizer tokenizer = learn(text, kind, vocabulary);
        EXPECT_LE(tokenizer.size(), 260 + vocabulary) << kind;
        EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), text) << kind;
      }
    }
    const std::string zeros(5, '\0');
    EXPECT_EQ(learn(zeros, kind).decode(learn(zeros, kind).encode(zeros)), zeros);
    EXPECT_THROW(learn("", kind), base::Error);
    EXPECT_THROW(learn("a\xFF", kind), base::Error);
    EXPECT_THROW(learn("a", kind, 0), base::Error);
  }
}

TEST(Tokenizer, RareCharactersBecomeBytesAndFrequentOnesStay) {
  std::string text;
  for (char letter = 'a'; letter <= 'z'; ++letter)
    text += std::string(static_cast<std::size_t>('z' - letter + 1), letter) + " ";
  for (const auto kind : {TokenizerKind::kBpe, TokenizerKind::kUnigram}) {
    const Tokenizer tokenizer = learn(text, kind, 10);
    std::set<std::string> learned;
    for (std::int32_t id = 260; id < tokenizer.size(); ++id) learned.insert(tokenizer.piece(id));
    EXPECT_EQ(learned, (std::set<std::string>{"▁", "a", "b", "c", "d", "e", "f", "g", "h", "i"}))
        << kind;
  }
}

TEST(Tokenizer, EqualTextGivesEqualBytesHoweverItArrives) {
  std::string text = tests::sentences(3, 300);
  std::erase_if(text, [](char byte) { return static_cast<unsigned char>(byte) >= 0x80; });
  for (const TokenizerKind kind : spec::all<TokenizerKind>()) {
    const Tokenizer whole = learn(text, kind);
    EXPECT_EQ(whole.hash(), learn(text, kind, 200, 7).hash()) << kind;
    EXPECT_EQ(whole.bytes().find("/tmp"), std::string::npos);
  }
}

TEST(Tokenizer, LearnsFromASampleOfALongText) {
  // 400 chunks, of which one in ten may be used; letters show which part of the text a piece is
  // from.
  std::string text;
  for (int part = 0; part < 400; ++part) {
    for (int line = 0; line < 200; ++line)
      text += "word" + std::string(1, static_cast<char>('a' + part / 40)) + " of a line here\n";
  }
  const auto limit = static_cast<std::int64_t>(text.size() / 5);
  const Tokenizer sampled = learn(text, TokenizerKind::kWord, 1000, 0, limit);
  EXPECT_EQ(sampled.hash(), learn(text, TokenizerKind::kWord, 1000, 1000, limit).hash());
  int seen = 0;
  for (char part = 'a'; part <= 'j'; ++part)
    seen += pieces(sampled, std::string("word") + part).size() == 1;
  EXPECT_GE(seen, 3);  // from all parts of the text, not only from its beginning
  EXPECT_LT(seen, 10);
  EXPECT_NO_THROW(learn("日本語 text", TokenizerKind::kBpe, 100, 0, 1));
}

TEST(Tokenizer, ModelsOfOthersAreLosslessToo) {
  // A model for whole words used with other rules of segments.
  const Tokenizer words = learn(tests::sentences(1, 100), TokenizerKind::kWord);
  std::mt19937 random(3);
  for (const TokenizerKind kind : spec::all<TokenizerKind>()) {
    const Tokenizer other = Tokenizer::from_bytes(words.bytes(), kind, "m");
    for (int round = 0; round < 300; ++round) {
      const std::string text = tests::hostile_text(random);
      ASSERT_EQ(other.decode(other.encode(text)), text) << kind;
    }
  }
}

/// Segments for SentencePiece's own trainer, used as others use it.
class Sentences : public sentencepiece::SentenceIterator {
 public:
  bool done() const override { return index_ == 50; }
  void Next() override { value_ = qkv::tests::sentences(static_cast<unsigned>(++index_), 1); }
  const std::string& value() const override { return value_; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  int index_ = 0;
  std::string value_ = "the cat";
};

/// Lines of made-up words, the word of rank r with a probability of about 1/r (Zipf's law).
std::string zipf_text(unsigned seed, int lines) {
  std::mt19937 random(seed);
  const auto draw = [&random](std::size_t count) { return random() % count; };
  static const std::vector<std::string> words = [] {
    std::mt19937 letters(5);
    const std::string consonants = "bdfghklmnprstvw";
    const std::string vowels = "aeiou";
    std::set<std::string> known;
    std::vector<std::string> out;
    while (out.size() < 3000) {
      std::string word;
      for (std::size_t left = 1 + letters() % 4; left > 0; --left) {
        word += consonants[letters() % consonants.size()];
        word += vowels[letters() % vowels.size()];
      }
      if (known.insert(word).second) out.push_back(word);
    }
    return out;
  }();
  std::vector<double> ends;
  double sum = 0;
  for (std::size_t rank = 1; rank <= words.size(); ++rank)
    ends.push_back(sum += 1 / static_cast<double>(rank));
  std::string text;
  for (int line = 0; line < lines; ++line) {
    for (std::size_t left = 3 + draw(12); left > 0; --left) {
      const double at = sum * static_cast<double>(random()) / 4294967296.0;
      const auto rank = std::upper_bound(ends.begin(), ends.end(), at) - ends.begin();
      text += words[static_cast<std::size_t>(rank)];
      text += left == 1 ? ".\n" : draw(8) == 0 ? ", " : " ";
    }
  }
  return text;
}

/// The lines of a text, as SentencePiece's own trainer reads them.
class LinesOf : public sentencepiece::SentenceIterator {
 public:
  explicit LinesOf(const std::string& text) : text_(text) { Next(); }
  bool done() const override { return done_; }
  void Next() override { done_ = !std::getline(text_, line_); }
  const std::string& value() const override { return line_; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  std::istringstream text_;
  std::string line_;
  bool done_ = false;
};

/// The number of tokens that SentencePiece, trained and used without changes, makes of the lines of
/// `text`.
std::size_t tokens_of_sentencepiece(const std::string& learned_from, const std::string& text,
                                    TokenizerKind kind, std::int64_t pieces) {
  LinesOf lines(learned_from);
  std::string model;
  const auto trained = sentencepiece::SentencePieceTrainer::Train(
      std::unordered_map<std::string, std::string>{{"model_type", std::string(spec::name_of(kind))},
                                                   {"vocab_size", std::to_string(pieces + 3 + 256)},
                                                   {"byte_fallback", "true"},
                                                   {"minloglevel", "3"}},
      &lines, &model);
  EXPECT_TRUE(trained.ok()) << trained.message();
  sentencepiece::SentencePieceProcessor processor;
  EXPECT_TRUE(processor.LoadFromSerializedProto(model).ok());
  std::size_t count = 0;
  for (LinesOf line(text); !line.done(); line.Next())
    count += processor.EncodeAsIds(line.value()).size();
  return count;
}

TEST(Tokenizer, SpellsInAsFewTokensAsSentencePiecesOwnTrainer) {
  const std::string learned_from = zipf_text(1, 6000);
  const std::string held_out = zipf_text(2, 600);
  const auto lines = static_cast<std::size_t>(std::ranges::count(held_out, '\n'));
  for (const auto kind : {TokenizerKind::kBpe, TokenizerKind::kUnigram}) {
    for (const std::int64_t vocabulary : {500, 2000}) {
      // The newlines are qkv's own tokens.
      const std::size_t found =
          learn(learned_from, kind, vocabulary).encode(held_out).size() - lines;
      const std::size_t expected =
          tokens_of_sentencepiece(learned_from, held_out, kind, vocabulary);
      EXPECT_LE(static_cast<double>(found), 1.02 * static_cast<double>(expected))
          << kind << " " << vocabulary;
    }
  }
}

/// The words of a text, the most frequent first.
std::vector<std::string> frequent_words(const std::string& text) {
  std::map<std::string, int> counts;
  std::string word;
  for (const char letter : text) {
    if (std::isalpha(static_cast<unsigned char>(letter)) != 0) {
      word += letter;
    } else if (!word.empty()) {
      ++counts[std::exchange(word, {})];
    }
  }
  std::vector<std::string> words;
  for (const auto& [known, count] : counts) words.push_back(known);
  std::ranges::stable_sort(words, std::greater(), [&](const auto& w) { return counts[w]; });
  return words;
}

TEST(Tokenizer, FrequentWordsArePieces) {
  // In the second text, a space or a full stop follows every word, so that no word with its
  // surroundings is the beginning of another.
  for (const std::string& text :
       {zipf_text(1, 6000),
        base::read_file(QKV_SOURCE_DIR "/data/world/train.txt").substr(0, 500000)}) {
    const std::vector<std::string> words = frequent_words(text);
    for (const auto kind : {TokenizerKind::kBpe, TokenizerKind::kUnigram}) {
      const Tokenizer tokenizer = learn(text, kind, 1000);
      for (std::size_t rank = 0; rank < std::min<std::size_t>(words.size(), 200); ++rank) {
        EXPECT_EQ(pieces(tokenizer, words[rank]), Names{"▁" + words[rank]}) << kind << " " << rank;
      }
    }
  }
}

TEST(Tokenizer, SentencePieceDoesNotEndTheProcess) {
  // Its unigram trainer does so if every piece has an expected count below one half.
  for (std::size_t length = 1; length <= 24; ++length) {
    for (const std::int64_t vocabulary : {1, 100}) {
      for (const std::string& text : {std::string(length, 'a'), std::string(length, ' '),
                                      "." + std::string(length, 'a') + " b"}) {
        const Tokenizer tokenizer = learn(text, TokenizerKind::kUnigram, vocabulary);
        EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), text);
      }
    }
  }
}

TEST(Tokenizer, NormalisationOfOthersIsSwitchedOff) {
  Sentences sentences;
  std::string model;
  const auto status = sentencepiece::SentencePieceTrainer::Train(
      std::unordered_map<std::string, std::string>{{"model_type", "unigram"},
                                                   {"vocab_size", "330"},
                                                   {"hard_vocab_limit", "false"},
                                                   {"byte_fallback", "true"},
                                                   {"normalization_rule_name", "nmt_nfkc_cf"},
                                                   {"control_symbols", "<mask>"},
                                                   {"self_test_sample_size", "0"},
                                                   {"minloglevel", "3"}},
      &sentences, &model);
  ASSERT_TRUE(status.ok()) << status.message();
  const Tokenizer tokenizer = Tokenizer::from_bytes(model, TokenizerKind::kUnigram, "other");
  EXPECT_EQ(tokenizer.bytes(), model);
  EXPECT_EQ(pieces(tokenizer, "the cat"), (Names{"▁the", "▁cat"}));
  EXPECT_EQ(pieces(tokenizer, "."), Names{"."});  // with the dummy prefix, it would be bytes
  std::mt19937 random(3);
  for (int round = 0; round < 500; ++round) {
    const std::string text = tests::hostile_text(random) + "ﬁ Ⅸ  THE Å";
    ASSERT_EQ(tokenizer.decode(tokenizer.encode(text)), text);
  }
}

TEST(Tokenizer, SentencePieceAloneReadsALineOfWordsAlike) {
  for (const TokenizerKind kind : spec::all<TokenizerKind>()) {
    const Tokenizer tokenizer = learn("the cat sat on the mat\nthe cat\n", kind);
    sentencepiece::SentencePieceProcessor processor;
    ASSERT_TRUE(processor.LoadFromSerializedProto(tokenizer.bytes()).ok());
    for (const std::string text : {"the cat sat on the mat", "mat"}) {
      EXPECT_EQ(processor.EncodeAsIds(text), tokenizer.encode(text)) << kind;
    }
  }
}

TEST(Tokenizer, RefusesModelsWithoutOurSpecialsOrBytes) {
  const auto refused = [](const std::unordered_map<std::string, std::string>& options) {
    std::unordered_map<std::string, std::string> all = {
        {"model_type", "char"}, {"vocab_size", "300"}, {"minloglevel", "3"}};
    all.insert(options.begin(), options.end());
    Sentences sentences;
    std::string model;
    EXPECT_TRUE(sentencepiece::SentencePieceTrainer::Train(all, &sentences, &model).ok());
    try {
      Tokenizer::from_bytes(model, TokenizerKind::kChar, "other.model");
      return std::string("accepted");
    } catch (const base::Error& error) {
      return std::string(error.what());
    }
  };
  EXPECT_NE(refused({{"byte_fallback", "true"}}).find("<mask>"), std::string::npos);
  EXPECT_NE(refused({{"control_symbols", "<mask>"}}).find("<0x00>"), std::string::npos);
  EXPECT_NE(refused({{"control_symbols", "<mask>"}, {"bos_id", "2"}, {"eos_id", "1"}}).find("<s>"),
            std::string::npos);
  EXPECT_NE(refused({{"user_defined_symbols", "<mask>"}, {"byte_fallback", "true"}}).find("<mask>"),
            std::string::npos);
  EXPECT_EQ(refused({{"control_symbols", "<mask>"}, {"byte_fallback", "true"}}), "accepted");
}

TEST(Tokenizer, LoadedIsTheSame) {
  const tests::Scratch scratch;
  for (const TokenizerKind kind : spec::all<TokenizerKind>()) {
    const Tokenizer tokenizer = learn(tests::sentences(1, 100), kind);
    base::write_file(scratch / "tokenizer.model", tokenizer.bytes());
    const Tokenizer loaded = Tokenizer::load(scratch / "tokenizer.model", kind);
    EXPECT_EQ(loaded.hash(), tokenizer.hash());
    EXPECT_EQ(loaded.hash(), base::sha256_file(scratch / "tokenizer.model"));
    EXPECT_EQ(loaded.kind(), kind);
    EXPECT_EQ(loaded.encode("the cat, café\n x"), tokenizer.encode("the cat, café\n x"));
  }
  EXPECT_THROW(Tokenizer::load(scratch / "absent", TokenizerKind::kWord), base::Error);
  EXPECT_THROW(Tokenizer::load(scratch.path(), TokenizerKind::kWord), base::Error);
}

TEST(Tokenizer, DamagedModelsAreErrorsOrStillLossless) {
  std::mt19937 random(11);
  const std::string text = "the cat sat, never\n日本 <s> ▁ x";
  for (const TokenizerKind kind : spec::all<TokenizerKind>()) {
    const std::string bytes = learn(tests::sentences(1, 50), kind, 40).bytes();
    const auto attempt = [&](const std::string& damaged) {
      try {
        const Tokenizer tokenizer = Tokenizer::from_bytes(damaged, kind, "damaged.model");
        EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), text);
        return true;
      } catch (const base::Error& error) {
        EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
        EXPECT_EQ(std::string(error.what()).rfind("damaged.model", 0), 0U) << error.what();
        return false;
      }
    };
    EXPECT_TRUE(attempt(bytes));
    EXPECT_FALSE(attempt(""));
    EXPECT_FALSE(attempt("hello, this is text\n"));
    for (std::size_t size = 1; size < bytes.size(); size += 13) attempt(bytes.substr(0, size));
    EXPECT_FALSE(attempt(bytes.substr(0, bytes.size() / 2)));
    for (int round = 0; round < 1500; ++round) {
      std::string damaged = bytes;
      damaged[random() % damaged.size()] ^= static_cast<char>(1U << random() % 8);
      attempt(damaged);
    }
    for (int round = 0; round < 200; ++round) {
      std::string noise(random() % 300, '\0');
      for (char& byte : noise) byte = static_cast<char>(random());
      attempt(noise);
    }
    attempt("\x0A\xFF\xFF\xFF\xFF\x07" + bytes);  // a length of 2 GB
  }
}

TEST(Tokenizer, InvalidUtf8IsRefusedWithItsPlace) {
  const Tokenizer tokenizer = learn("abc", TokenizerKind::kChar);
  for (const std::string bad :
       {"ab\xFF", "ab\xC3", "ab\xED\xA0\x80", "ab\xC0\x80", "ab\xF4\x90\x80\x80"}) {
    try {
      tokenizer.encode(bad);
      ADD_FAILURE() << "accepted";
    } catch (const base::Error& error) {
      EXPECT_NE(std::string(error.what()).find("byte 2"), std::string::npos) << error.what();
    }
  }
}

TEST(Decoder, GivesOutWholeCharactersOnly) {
  const Tokenizer tokenizer = learn("abc", TokenizerKind::kChar);
  const auto byte = [&](unsigned value) {
    for (std::int32_t id = 4; id < 260; ++id) {
      char name[8];
      std::snprintf(name, sizeof name, "<0x%02X>", value);
      if (tokenizer.piece(id) == name) return id;
    }
    return -1;
  };
  Decoder decoder(tokenizer);
  EXPECT_EQ(decoder.add(byte(0xE2)), "");
  EXPECT_EQ(decoder.add(byte(0x82)), "");
  EXPECT_EQ(decoder.add(byte(0xAC)), "€");
  EXPECT_EQ(decoder.add(byte(0xE2)), "");
  EXPECT_EQ(decoder.add(byte('a')), "\uFFFDa");
  EXPECT_EQ(decoder.add(byte(0xFF)), "\uFFFD");
  EXPECT_EQ(decoder.add(byte(0xED)), "");
  EXPECT_EQ(decoder.add(byte(0xA0)), "\uFFFD\uFFFD");  // a surrogate
  EXPECT_EQ(decoder.add(byte(0xF0)), "");
  EXPECT_EQ(decoder.add(Tokenizer::kEnd), "\uFFFD");
  EXPECT_EQ(decoder.add(byte(0xC3)), "");
  EXPECT_EQ(decoder.finish(), "\uFFFD");
  EXPECT_EQ(decoder.finish(), "");
}

}  // namespace
}  // namespace qkv::text
