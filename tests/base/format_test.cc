#include "base/format.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <sstream>
#include <string>
#include <string_view>

#include "base/utf8.h"

namespace qkv::base {
namespace {

TEST(Format, Numbers) {
  EXPECT_EQ(concat("a", 1, ' ', 2.5), "a1 2.5");
  EXPECT_EQ(fixed(1.005, 1), "1.0");
  EXPECT_EQ(fixed(-2.5, 0), "-2");
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(1000), "1,000");
  EXPECT_EQ(with_commas(1234567), "1,234,567");
  EXPECT_EQ(with_commas(std::numeric_limits<std::uint64_t>::max()), "18,446,744,073,709,551,615");
}

TEST(Format, ConcatWritesAsAStream) {
  const auto same = [](const auto& part) {
    std::ostringstream out;
    out << part;
    EXPECT_EQ(concat(part), out.str());
  };
  for (const double value : {0.0, -0.0, 1e-7, 1.0 / 3, 123456.0, 1234567.0, 1e300, 5e-324})
    same(value);
  same(0.1F);
  same(std::numeric_limits<std::int64_t>::min());
  same(std::numeric_limits<std::uint64_t>::max());
  same(true);
  same('x');
  same(std::uint8_t{65});
  same(std::string("text"));
  same(std::string_view("view"));
  same("literal");
}

TEST(Format, WhatIsNotANumberHasNoSign) {
  for (const double value : {std::nan(""), -std::nan("")}) {
    EXPECT_EQ(concat("loss ", value, " ", static_cast<float>(value)), "loss nan nan");
    EXPECT_EQ(fixed(value, 2), "nan");
    EXPECT_EQ(shortest(value), "nan");
  }
  EXPECT_EQ(concat(-1 / 0.0), "-inf");
}

TEST(Format, ShortestReadsBackExactly) {
  EXPECT_EQ(shortest(0.1), "0.1");
  EXPECT_EQ(shortest(1e-5), "1e-05");
  std::mt19937_64 random(1);
  for (int round = 0; round < 2000; ++round) {
    const double value =
        std::ldexp(static_cast<double>(random()) / 3.0, static_cast<int>(random() % 200) - 160);
    EXPECT_EQ(std::stod(shortest(value)), value);
  }
}

TEST(Format, SizesAndTimes) {
  EXPECT_EQ(human_bytes(1500000), "1.5 MB");
  EXPECT_EQ(human_seconds(0.85), "850 ms");
  EXPECT_EQ(human_seconds(12.34), "12.3 s");
  EXPECT_EQ(human_seconds(185), "3 min 05 s");
  EXPECT_EQ(human_seconds(2 * 3600 + 3 * 60), "2 h 03 min");
}

TEST(Format, OneLineIsOneLine) {
  EXPECT_EQ(printable("a\nb\t\"日本\"\\"), "a\\nb\\t\"日本\"\\");
  EXPECT_EQ(printable(std::string("\0\x1B", 2)), "\\x00\\x1B");
}

// Terminals obey U+009B as they obey ESC [.
TEST(Format, EveryControlCharacterIsEscaped) {
  EXPECT_EQ(printable("a\u009B31mb\x7F\u0085"), "a\\x9B31mb\\x7F\\x85");
  EXPECT_EQ(printable("a\u2028b\u202Ec\u2066"), "a\\u{2028}b\\u{202E}c\\u{2066}");
  EXPECT_EQ(printable("\u00A0é\u200F"), "\u00A0é\u200F");
  EXPECT_EQ(qkv::base::quoted("\u009B\"\u202E"), "\"\\x9B\\\"\\u{202E}\"");
}

TEST(Format, LongTextIsCutAtAWholeCharacter) {
  EXPECT_EQ(cut_short("abc", 3), "abc");
  EXPECT_EQ(cut_short("abcd", 3), "abc…");
  EXPECT_EQ(cut_short("日本語", 7), "日本…");
  EXPECT_EQ(cut_short("日本語", 2), "…");
}

TEST(Format, WhatIsNotUtf8IsShownAsSuch) {
  EXPECT_EQ(printable("a\xFF\xFE b\xC3"), "a\uFFFD b\uFFFD");
  EXPECT_EQ(qkv::base::quoted("a\xFF\xFE\n"), "\"a\uFFFD\\n\"");
}

TEST(Format, Quotes) {
  EXPECT_EQ(qkv::base::quoted("a\n\"\\"), "\"a\\n\\\"\\\\\"");
  EXPECT_EQ(qkv::base::quoted(std::string("\0\x1B", 2)), "\"\\x00\\x1B\"");
  EXPECT_EQ(qkv::base::quoted("日本語", 7), "\"日本…\"");
  EXPECT_FALSE(find_invalid_utf8(qkv::base::quoted("日本語", 4)));
}

}  // namespace
}  // namespace qkv::base
