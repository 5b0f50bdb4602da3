#include "base/floating_point.h"

#include <gtest/gtest.h>

#include <limits>
#include <thread>

namespace qkv::base {
namespace {

#if defined(__x86_64__)
TEST(FlushSubnormals, AppliesToThisThreadAndThoseThatItStarts) {
  const volatile float smallest = std::numeric_limits<float>::min();
  const volatile float subnormal = std::numeric_limits<float>::denorm_min();
  const volatile float half = 0.5F;
  const volatile float many = 0x1p30F;
  float before = 0;
  float result = -1;
  float of_operand = -1;
  float of_other_thread = -1;
  // In a thread, since the setting lasts.
  std::thread([&] {
    before = smallest * half;
    flush_subnormals();
    result = smallest * half;
    of_operand = subnormal * many;
    std::thread([&] { of_other_thread = smallest * half; }).join();
  }).join();
  EXPECT_GT(before, 0);
  EXPECT_EQ(result, 0);
  EXPECT_EQ(of_operand, 0);
  EXPECT_EQ(of_other_thread, 0);
}
#endif

}  // namespace
}  // namespace qkv::base
