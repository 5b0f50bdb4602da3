#include "text/tokenizer/segments.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace qkv::text {
namespace {

// "+" stands for an added space, "!" for a reserved character.
std::vector<std::string> cut(std::string_view text, Segmenter::Rule rule,
                             bool at_line_start = true) {
  Segmenter segmenter(text, rule, at_line_start);
  std::vector<std::string> out;
  Segment segment;
  while (segmenter.next(segment)) {
    out.push_back((segment.added_space ? "+" : "") + std::string(segment.text) +
                  (segment.reserved ? "!" : ""));
  }
  return out;
}

using Parts = std::vector<std::string>;

TEST(Segmenter, CutsWords) {
  constexpr auto kWords = Segmenter::Rule::kWords;
  EXPECT_EQ(cut("the cat, it\n", kWords), (Parts{"+the", " cat", ",", " it", "\n"}));
  EXPECT_EQ(cut("the cat,it's\nno", kWords),
            (Parts{"+the", " cat", ",", "it", "'", "s", "\n", "+no"}));
  EXPECT_EQ(cut("  a  b ", kWords), (Parts{"+", " ", " a", " ", " b", " "}));
  EXPECT_EQ(cut("\ta\r\n\n.b", kWords), (Parts{"\t!", "a", "\r", "\n", "\n", ".", "b"}));
  EXPECT_EQ(cut("a b", kWords, false), (Parts{"a", " b"}));
  EXPECT_EQ(cut("▁a▅", kWords), (Parts{"▁!", "a", "▅!"}));
  EXPECT_EQ(cut("日本語は", kWords), (Parts{"+日本語は"}));
  EXPECT_EQ(cut("x" + std::string(150, 'y'), kWords),
            (Parts{"+x" + std::string(63, 'y'), std::string(64, 'y'), std::string(23, 'y')}));
}

TEST(Segmenter, CutsCharacters) {
  EXPECT_EQ(cut("a é\n\t", Segmenter::Rule::kCharacters), (Parts{"a", " ", "é", "\n", "\t!"}));
}

}  // namespace
}  // namespace qkv::text
