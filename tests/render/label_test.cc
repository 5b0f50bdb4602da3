#include "render/label.h"

#include <gtest/gtest.h>

namespace qkv::render {
namespace {

TEST(VisibleLabel, ShowsWhiteSpaceAndTheEmptyText) {
  EXPECT_EQ(visible_label("\n"), "⏎");
  EXPECT_EQ(visible_label(" the cat"), "·the·cat");
  EXPECT_EQ(visible_label("▁cat"), "·cat");
  EXPECT_EQ(visible_label("\t"), "⇥");
  EXPECT_EQ(visible_label(""), "∅");
}

TEST(VisibleLabel, ShowsControlCharactersByName) {
  EXPECT_EQ(visible_label("\r\n"), "\\r⏎");
  EXPECT_EQ(visible_label(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(visible_label("\x0B"), "\\x0b");
  EXPECT_EQ(visible_label("\x1B"), "\\e");
  EXPECT_EQ(visible_label("\x7F"), "\\x7f");
}

TEST(VisibleLabel, ShowsWhatIsInvisibleOrTurnsTheDirection) {
  EXPECT_EQ(visible_label("a\u200Bb"), "aU+200Bb");
  EXPECT_EQ(visible_label("\u202Eevil"), "U+202Eevil");
  EXPECT_EQ(visible_label("\u00A0"), "U+00A0");
  EXPECT_EQ(visible_label("\u0085"), "U+0085");
  EXPECT_EQ(visible_label("\uFEFF"), "U+FEFF");
  EXPECT_EQ(visible_label("\u200D"), "U+200D");
}

TEST(VisibleLabel, KeepsScriptsAndJoinedEmoji) {
  for (const std::string text :
       {"日本語", "العربية", "हिन्दी", "می\u200Cخواهم", "👩\u200D👧", "❤\uFE0F"}) {
    EXPECT_EQ(visible_label(text), text);
  }
}

TEST(VisibleLabel, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(visible_label("\xE2"), "\uFFFD");
  EXPECT_EQ(visible_label("a\xFFz"), "a\uFFFDz");
}

TEST(VisibleLabel, ChangesNothingTheSecondTime) {
  for (const std::string text : {"\n", " a", "", "\t", "\x01", "\u202E", "\xFF", "▁x"}) {
    EXPECT_EQ(visible_label(visible_label(text)), visible_label(text));
  }
}

TEST(Printable, CutsAtWholeCharacters) {
  EXPECT_EQ(printable("äöü", 3), "äöü");
  EXPECT_EQ(printable("äöüß", 3), "äö…");
  EXPECT_EQ(printable(std::string(1000000, 'x'), 64), std::string(63, 'x') + "…");
  EXPECT_EQ(printable("two words"), "two words");
}

}  // namespace
}  // namespace qkv::render
