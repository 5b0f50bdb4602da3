#include "generate/stop_texts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace qkv::generate {
namespace {

/// The printed part of a text that comes in parts of at most `size` bytes.
std::string printed(const std::vector<std::string>& stops, const std::string& text,
                    std::size_t size) {
  StopTexts found(stops);
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += size) out += found.add(text.substr(at, size));
  return out + found.finish();
}

TEST(StopTexts, EndTheTextWhereverItIsCut) {
  for (std::size_t size = 1; size < 12; ++size) {
    EXPECT_EQ(printed({"end"}, "the end of it", size), "the ");
    EXPECT_EQ(printed({"end"}, "een en ed", size), "een en ed");
    EXPECT_EQ(printed({"aab"}, "aaaab", size), "aa");
    EXPECT_EQ(printed({"xyz", "b"}, "abxyz", size), "a");
    EXPECT_EQ(printed({"abc", "b"}, "abc", size), "a");    // complete first
    EXPECT_EQ(printed({"bc", "abc"}, "xabc", size), "x");  // the longest
    EXPECT_EQ(printed({"abc", "bc"}, "xabc", size), "x");
    EXPECT_EQ(printed({"end"}, "the en", size), "the en");  // held back in vain
    EXPECT_EQ(printed({"\n\n"}, "a\nb\n\nc", size), "a\nb");
    EXPECT_EQ(printed({"é!"}, "aéé!b", size), "aé");
    EXPECT_EQ(printed({}, "the end", size), "the end");
  }
}

TEST(StopTexts, HoldBackNoMoreThanMightBeTheBeginningOfOne) {
  StopTexts stops({"end"});
  EXPECT_EQ(stops.add("the e"), "the ");
  EXPECT_EQ(stops.add("ar"), "ear");
  EXPECT_FALSE(stops.found());
  EXPECT_EQ(stops.add(" en"), " ");
  EXPECT_EQ(stops.add("d of"), "");
  EXPECT_TRUE(stops.found());
  EXPECT_EQ(stops.add("more"), "");
  EXPECT_EQ(stops.finish(), "");
}

/// The definition: up to the first place where a stop text is complete, without the longest there.
std::string cut(const std::vector<std::string>& stops, const std::string& text) {
  for (std::size_t end = 1; end <= text.size(); ++end) {
    const std::string read = text.substr(0, end);
    std::size_t longest = 0;
    for (const std::string& stop : stops)
      if (read.ends_with(stop)) longest = std::max(longest, stop.size());
    if (longest > 0) return read.substr(0, end - longest);
  }
  return text;
}

TEST(StopTexts, AgreeWithTheWholeText) {
  std::mt19937 random(1);
  const auto letters = [&](std::size_t count) {
    std::string text;
    while (count-- > 0) text += static_cast<char>('a' + random() % 2);
    return text;
  };
  for (int round = 0; round < 2000; ++round) {
    const std::vector<std::string> stops = {letters(1 + random() % 4), letters(2 + random() % 4)};
    const std::string text = letters(random() % 12);
    const std::string whole = cut(stops, text);
    for (std::size_t size = 1; size <= 12; ++size)
      ASSERT_EQ(printed(stops, text, size), whole) << text << " " << stops[0] << " " << stops[1];
  }
}

}  // namespace
}  // namespace qkv::generate
