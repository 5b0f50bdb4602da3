#include <gtest/gtest.h>

#include "config/config.h"

namespace qkv::config {
namespace {

TEST(EstimateTables, OfARecurrentNetAreNone) {
  spec::ModelConfig model;
  EXPECT_GT(estimate_tables(model), 0);
  model.kind = spec::Architecture::kLstm;
  EXPECT_EQ(estimate_tables(model), 0);
}

}  // namespace
}  // namespace qkv::config
