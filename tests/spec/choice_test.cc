#include "spec/choice.h"

#include <gtest/gtest.h>

#include <sstream>

#include "spec/model.h"

namespace qkv::spec {
namespace {

TEST(Choice, NamesReadBack) {
  for (const Activation activation : all<Activation>())
    EXPECT_EQ(find_choice<Activation>(name_of(activation)), activation);
  EXPECT_EQ(name_of(Position::kAlibi), "alibi");
  EXPECT_EQ(find_choice<Position>("Alibi"), std::nullopt);
  EXPECT_EQ(find_choice<Position>(""), std::nullopt);
}

TEST(Choice, IsPrintedByItsName) {
  std::ostringstream out;
  out << Norm::kRms << " " << Objective::kMasked;
  EXPECT_EQ(out.str(), "rms masked");
}

TEST(Choice, IsAnEnumWithATable) {
  enum class Other { kOne };
  EXPECT_TRUE(Choice<Architecture>);
  EXPECT_FALSE(Choice<Other>);
  EXPECT_FALSE(Choice<int>);
}

}  // namespace
}  // namespace qkv::spec
