#include "world/pattern.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace qkv::world {
namespace {

TEST(Pattern, PlacesAndWords) {
  const Pattern pattern("the [{mood@cue} {2:animal.sound}] and {noun[number]@answer}.", "here");
  const auto& pieces = pattern.pieces();
  ASSERT_EQ(pieces.size(), 9U);
  EXPECT_EQ(pieces[0].literal, "the ");
  EXPECT_EQ(pieces[1].literal, Pattern::kOpen);
  EXPECT_EQ(pieces[2].slot, "mood");
  EXPECT_EQ(pieces[2].mark, "cue");
  EXPECT_EQ(pieces[2].thing, 0U);
  EXPECT_EQ(pieces[4].slot, "animal");
  EXPECT_EQ(pieces[4].thing, 2U);
  EXPECT_EQ(pieces[4].attribute, "sound");
  EXPECT_FALSE(pieces[4].by_slot);
  EXPECT_EQ(pieces[5].literal, Pattern::kClose);
  EXPECT_EQ(pieces[7].slot, "noun");
  EXPECT_EQ(pieces[7].attribute, "number");
  EXPECT_TRUE(pieces[7].by_slot);
  EXPECT_EQ(pieces[7].mark, "answer");
  EXPECT_EQ(pieces[8].literal, ".");
}

TEST(Pattern, RefusesWhatIsNone) {
  for (const char* text :
       {"{mood", "{}", "{mood@other}", "{0:mood}", "{ten:mood}", "{noun[number}"})
    EXPECT_THROW(Pattern(text, "here"), base::Error) << text;
}

}  // namespace
}  // namespace qkv::world
