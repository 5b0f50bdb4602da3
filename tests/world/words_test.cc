#include "world/words.h"

#include <gtest/gtest.h>

namespace qkv::world {
namespace {

using Words = std::vector<std::string_view>;

TEST(Words, AreRunsBetweenSpaceAndPunctuation) {
  EXPECT_EQ(split_words("The cat, the dog."), (Words{"The", "cat", "the", "dog"}));
  EXPECT_EQ(split_words("don't"), (Words{"don", "t"}));
  EXPECT_EQ(split_words("Москва—日本 3x"), (Words{"Москва", "日本", "3x"}));
  for (const char* text : {"", " ", ".", "!?", "—", "😀", "… – ¡"}) {
    EXPECT_EQ(split_words(text), Words()) << text;
    EXPECT_EQ(count_words(text), 0U) << text;
  }
  EXPECT_EQ(count_words("it's 😀 noon!"), 3U);
}

}  // namespace
}  // namespace qkv::world
