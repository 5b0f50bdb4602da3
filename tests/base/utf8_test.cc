#include "base/utf8.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace qkv::base {
namespace {

/// A plain implementation of RFC 3629: decodes, then refuses everything that is not the shortest
/// form of a scalar value.
bool valid_by_definition(std::string_view text) {
  std::size_t offset = 0;
  while (offset < text.size()) {
    const auto first = static_cast<unsigned char>(text[offset]);
    const int size = first < 0x80          ? 1
                     : (first >> 5U) == 6  ? 2
                     : (first >> 4U) == 14 ? 3
                     : (first >> 3U) == 30 ? 4
                                           : 0;
    if (size == 0 || offset + static_cast<std::size_t>(size) > text.size()) return false;
    unsigned code = size == 1 ? first : first & ((1U << (7 - size)) - 1);
    for (int index = 1; index < size; ++index) {
      const auto byte = static_cast<unsigned char>(text[offset + static_cast<std::size_t>(index)]);
      if ((byte & 0xC0U) != 0x80) return false;
      code = code << 6U | (byte & 0x3FU);
    }
    const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < least[size] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
    offset += static_cast<std::size_t>(size);
  }
  return true;
}

TEST(Utf8, AgreesWithTheDefinitionOnAllShortStrings) {
  const auto check = [](const std::string& text) {
    ASSERT_EQ(!find_invalid_utf8(text), valid_by_definition(text))
        << ::testing::PrintToString(text);
  };
  for (int one = 0; one < 256; ++one) {
    check({static_cast<char>(one)});
    for (int two = 0; two < 256; ++two) {
      check({static_cast<char>(one), static_cast<char>(two)});
      for (const int three : {0x00, 0x41, 0x7F, 0x80, 0xBF, 0xC0, 0xFF}) {
        check({static_cast<char>(one), static_cast<char>(two), static_cast<char>(three)});
        for (const int four : {0x41, 0x80, 0xBF, 0xC2}) {
          check({static_cast<char>(one), static_cast<char>(two), static_cast<char>(three),
                 static_cast<char>(four)});
        }
      }
    }
  }
}

TEST(Utf8, NamesThePlace) {
  EXPECT_EQ(find_invalid_utf8("ab\xFF"), 2U);
  EXPECT_EQ(find_invalid_utf8("日\xE6\x97"), 3U);
  EXPECT_FALSE(find_invalid_utf8(""));
  try {
    require_utf8("日\xC3", "notes.txt", 100);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).rfind("notes.txt: not UTF-8 at byte 103: found 0xC3", 0),
              0U)
        << error.what();
  }
}

TEST(Utf8, DecodesCharacters) {
  const std::string text = "aé日🙂";
  const auto third = decode_utf8(text, 3);
  ASSERT_TRUE(third);
  EXPECT_EQ(third->code, U'日');
  EXPECT_EQ(third->size, 3U);
  EXPECT_FALSE(decode_utf8(text, 2));
  EXPECT_EQ(decode_utf8(text, 6)->code, U'🙂');
}

TEST(Utf8, KnowsKinds) {
  for (const char32_t code : U"aZ9é日д\u0301\u0001") {
    if (code == 0) continue;
    EXPECT_EQ(kind_of(code), CharacterKind::kWord) << static_cast<unsigned>(code);
  }
  for (const char32_t code : {U' ', U'\t', U'\n', U'\r', U'\u00A0', U'\u3000', U'\u2028'}) {
    EXPECT_EQ(kind_of(code), CharacterKind::kSpace) << static_cast<unsigned>(code);
  }
  for (const char32_t code : U".,'_-<$+€。«🙂▁") {
    if (code == 0) continue;
    EXPECT_EQ(kind_of(code), CharacterKind::kPunctuation) << static_cast<unsigned>(code);
  }
}

TEST(Utf8, KnowsControlCharacters) {
  for (const char32_t code : {U'\0', U'\n', U'\x1F', U'\x7F', U'\x80', U'\x9B', U'\x9F', U'\u2028',
                              U'\u2029', U'\u202A', U'\u202E', U'\u2066', U'\u2069'})
    EXPECT_TRUE(is_control(code)) << static_cast<unsigned>(code);
  for (const char32_t code : {U' ', U'~', U'\u00A0', U'é', U'\u200D', U'\u200E', U'\u200F',
                              U'\u2027', U'\u202F', U'\u2065', U'\u206A', U'日', U'🙂'})
    EXPECT_FALSE(is_control(code)) << static_cast<unsigned>(code);
}

TEST(Utf8, RefusesWhatATerminalObeys) {
  EXPECT_NO_THROW(require_printable("日本 \u05D0\u200F \"é\"", "name"));
  for (const char* text : {"a\n", "\u009B31m", "\u0085", "a\u202Eb", "a\u2028b"})
    EXPECT_THROW(require_printable(text, "name"), Error) << text;
}

TEST(Utf8, MeasuresAndRepairs) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("日本"), 4U);
  EXPECT_EQ(display_width("e\u0301"), 1U);
  EXPECT_EQ(replace_invalid_utf8("a\xFF\xFE"
                                 "b\xC3"),
            "a\uFFFDb\uFFFD");
  EXPECT_EQ(replace_invalid_utf8("日"), "日");
}

}  // namespace
}  // namespace qkv::base
