#include "text/prompt.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "samples.h"
#include "text/tokenizer/unknown_words.h"

namespace qkv::text {
namespace {

using spec::TextLayout;
using spec::TokenizerKind;

/// The warnings of `given_prompt` for a model whose tokenizer has this kind.
std::string warnings(const std::string& text, TextLayout layout,
                     TokenizerKind kind = TokenizerKind::kWord) {
  const Tokenizer tokenizer = tests::learn("the cat sat.\nthe cat\n", kind);
  ::testing::internal::CaptureStderr();
  given_prompt(text, tokenizer, layout, "--prompt");
  return ::testing::internal::GetCapturedStderr();
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Prompt, OneLineEndIsNoPartOfADocument) {
  EXPECT_EQ(without_line_end("the cat\n", TextLayout::kLines), "the cat");
  EXPECT_EQ(without_line_end("the cat\r\n", TextLayout::kLines), "the cat");
  EXPECT_EQ(without_line_end("the cat\n\n", TextLayout::kLines), "the cat\n");
  EXPECT_EQ(without_line_end("the cat\r", TextLayout::kLines), "the cat\r");
  EXPECT_EQ(without_line_end("\n", TextLayout::kLines), "");
  EXPECT_EQ(without_line_end("the cat\n", TextLayout::kStream), "the cat\n");
}

TEST(Prompt, ALineEndInsideADocumentIsAWarning) {
  EXPECT_TRUE(
      holds(warnings("the cat\nthe cat\n", TextLayout::kLines), "--prompt: found several lines"));
  EXPECT_EQ(warnings("the cat\n", TextLayout::kLines), "");
  EXPECT_EQ(warnings("the cat\nthe cat\n", TextLayout::kStream), "");
}

TEST(Prompt, ASpaceAtTheEndIsAWarning) {
  EXPECT_TRUE(holds(warnings("the cat ", TextLayout::kStream), "--prompt: ends in a space"));
  EXPECT_TRUE(holds(warnings("the cat \n", TextLayout::kLines, TokenizerKind::kBpe),
                    "--prompt: ends in a space"));
  EXPECT_EQ(warnings("the cat ", TextLayout::kStream, TokenizerKind::kChar), "");
  EXPECT_EQ(warnings("the cat \n", TextLayout::kStream), "");
}

TEST(Prompt, ANulByteIsAWarning) {
  const std::string utf16("t\0h\0e\0", 6);
  EXPECT_TRUE(holds(warnings(utf16, TextLayout::kStream, TokenizerKind::kChar),
                    "--prompt: found a NUL byte at byte 1"));
  EXPECT_EQ(warnings("the", TextLayout::kStream, TokenizerKind::kChar), "");
}

TEST(Prompt, UnknownWordsAreNamed) {
  const std::string told = warnings("the dog bites the dog, cat", TextLayout::kStream);
  EXPECT_TRUE(holds(told, R"(--prompt: the tokenizer does not know "dog", "bites", ",")")) << told;
  EXPECT_EQ(warnings("the cat sat.", TextLayout::kStream), "");
}

std::vector<std::string> unknown(const Tokenizer& tokenizer, const std::string& text) {
  UnknownWords words(tokenizer);
  words.add(text);
  return words.words();
}

using Names = std::vector<std::string>;

TEST(UnknownWords, AreWhatIsSpelledInBytes) {
  const std::string text = "the cat sat.\nthe cat\n";
  EXPECT_EQ(unknown(tests::learn(text, TokenizerKind::kWord), "dog the café\tcafé"),
            (Names{"dog", "café"}));
  EXPECT_EQ(unknown(tests::learn(text, TokenizerKind::kChar), "a tot é日!"),
            (Names{"o", "é日", "!"}));
  EXPECT_EQ(unknown(tests::learn(text, TokenizerKind::kBpe), "sat that日\x01"), (Names{"日"}));
  // White space and characters that never have a piece cause no warning.
  EXPECT_EQ(unknown(tests::learn("the", TokenizerKind::kWord), "\t\n \x01▁▅\u00A0"), Names{});
  EXPECT_EQ(unknown(tests::learn(text, TokenizerKind::kWord), std::string(600, 'x')).size(),
            3U);  // cut
}

TEST(UnknownWords, EachKindOfBytePieceIsKnown) {
  const Tokenizer tokenizer = tests::learn("<0x41> a", TokenizerKind::kWord);
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
