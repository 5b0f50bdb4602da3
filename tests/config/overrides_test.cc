#include "config/overrides.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace qkv::config {
namespace {

/// The message of a check that fails with this one.
std::string told(const std::string& message, const std::vector<std::string>& overrides) {
  try {
    check_overridden("c.json", overrides, [&] { throw base::Error(message); });
  } catch (const base::Error& error) {
    return error.what();
  }
  return "";
}

TEST(Overrides, AreBlamedForTheirOwnKeys) {
  const std::string message = "c.json: model.heads: found 3, expected 4";
  EXPECT_EQ(told(message, {"seed=1", "model.heads=3"}), "--set: model.heads: found 3, expected 4");
  EXPECT_EQ(told(message, {}), message);
  EXPECT_EQ(told(message, {"model.head=3", "model.width=3", "model.heads.x=3"}), message);
  EXPECT_EQ(told("c.json: found model.heads: 3", {"model.heads=3"}),
            "c.json: found model.heads: 3");
}

}  // namespace
}  // namespace qkv::config
