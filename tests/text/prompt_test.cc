#include "text/prompt.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "samples.h"
#include "text/tokenizer/unknown_words.h"

namespace qkv::text {
namespace {

/// The warnings of `given_prompt` for a model whose tokenizer has this kind.
std::string warnings(const std::string& text, const std::string& layout,
                     const std::string& kind = "word") {
  const Tokenizer tokenizer = testing::learn("the cat sat.\nthe cat\n", kind);
  ::testing::internal::CaptureStderr();
  given_prompt(text, tokenizer, layout, "--prompt");
  return ::testing::internal::GetCapturedStderr();
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Prompt, OneLineEndIsNoPartOfADocument) {
  EXPECT_EQ(without_line_end("the cat\n", "lines"), "the cat");
  EXPECT_EQ(without_line_end("the cat\r\n", "lines"), "the cat");
  EXPECT_EQ(without_line_end("the cat\n\n", "lines"), "the cat\n");
  EXPECT_EQ(without_line_end("the cat\r", "lines"), "the cat\r");
  EXPECT_EQ(without_line_end("\n", "lines"), "");
  EXPECT_EQ(without_line_end("the cat\n", "stream"), "the cat\n");
}

TEST(Prompt, ALineEndInsideADocumentIsAWarning) {
  EXPECT_TRUE(holds(warnings("the cat\nthe cat\n", "lines"), "--prompt: found several lines"));
  EXPECT_EQ(warnings("the cat\n", "lines"), "");
  EXPECT_EQ(warnings("the cat\nthe cat\n", "stream"), "");
}

TEST(Prompt, ASpaceAtTheEndIsAWarning) {
  EXPECT_TRUE(holds(warnings("the cat ", "stream"), "--prompt: ends in a space"));
  EXPECT_TRUE(holds(warnings("the cat \n", "lines", "bpe"), "--prompt: ends in a space"));
  EXPECT_EQ(warnings("the cat ", "stream", "char"), "");
  EXPECT_EQ(warnings("the cat \n", "stream"), "");
}

TEST(Prompt, ANulByteIsAWarning) {
  const std::string utf16("t\0h\0e\0", 6);
  EXPECT_TRUE(holds(warnings(utf16, "stream", "char"), "--prompt: found a NUL byte at byte 1"));
  EXPECT_EQ(warnings("the", "stream", "char"), "");
}

TEST(Prompt, UnknownWordsAreNamed) {
  const std::string told = warnings("the dog bites the dog, cat", "stream");
  EXPECT_TRUE(holds(told, R"(--prompt: the tokenizer does not know "dog", "bites", ",")")) << told;
  EXPECT_EQ(warnings("the cat sat.", "stream"), "");
}

std::vector<std::string> unknown(const Tokenizer& tokenizer, const std::string& text) {
  UnknownWords words(tokenizer);
  words.add(text);
  return words.words();
}

using Names = std::vector<std::string>;

TEST(UnknownWords, AreWhatIsSpelledInBytes) {
  const std::string text = "the cat sat.\nthe cat\n";
  EXPECT_EQ(unknown(testing::learn(text, "word"), "dog the café\tcafé"), (Names{"dog", "café"}));
  EXPECT_EQ(unknown(testing::learn(text, "char"), "a tot é日!"), (Names{"o", "é日", "!"}));
  EXPECT_EQ(unknown(testing::learn(text, "bpe"), "sat that日\x01"), (Names{"日"}));
  // White space and characters that never have a piece cause no warning.
  EXPECT_EQ(unknown(testing::learn("the", "word"), "\t\n \x01▁▅\u00A0"), Names{});
  EXPECT_EQ(unknown(testing::learn(text, "word"), std::string(600, 'x')).size(), 3U);  // cut
}

TEST(UnknownWords, EachKindOfBytePieceIsKnown) {
  const Tokenizer tokenizer = testing::learn("<0x41> a", "word");
  int bytes = 0;
  for (std::int32_t id = 0; id < tokenizer.size(); ++id) {
    const auto byte = byte_of_piece(tokenizer, id);
    if (!byte) continue;
    ++bytes;
    EXPECT_EQ(tokenizer.decode(std::vector{id}, Tokenizer::Place::kInLine),
              std::string(1, static_cast<char>(*byte)));
  }
  EXPECT_EQ(bytes, 256);
}

}  // namespace
}  // namespace qkv::text
