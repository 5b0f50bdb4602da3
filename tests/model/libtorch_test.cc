#include "model/libtorch.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <atomic>
#include <vector>

#include "base/error.h"
#include "model/device.h"

namespace qkv::model {
namespace {

TEST(Device, AutoIsTheOneThatThisMachineHas) {
  EXPECT_EQ(device_of({.device = spec::Device::kCpu}), spec::Device::kCpu);
  EXPECT_EQ(device_of({.device = spec::Device::kCuda}), spec::Device::kCuda);
  const Runtime runtime = set_up_runtime({.device = spec::Device::kAuto});
  EXPECT_EQ(device_of({.device = spec::Device::kAuto}),
            runtime.device.is_cuda() ? spec::Device::kCuda : spec::Device::kCpu);
}

TEST(SideBySide, EachComputesAloneAndNothingIsLeftOfIt) {
  const int before = at::get_num_threads();
  at::set_num_threads(3);
  for (const int threads : {1, 2, 4}) {
    std::vector<int> seen(20);
    for_each_side_by_side(seen.size(), {.threads = threads},
                          [&](std::size_t index) { seen[index] = at::get_num_threads(); });
    // One after the other, an operation may use all threads.
    EXPECT_EQ(seen, std::vector<int>(20, threads == 1 ? 3 : 1)) << threads;
    EXPECT_EQ(at::get_num_threads(), 3);
  }
  EXPECT_THROW(
      for_each_side_by_side(5, {.threads = 2}, [](std::size_t) { throw base::Error("no"); }),
      base::Error);
  EXPECT_EQ(at::get_num_threads(), 3);
  at::set_num_threads(before);
}

}  // namespace
}  // namespace qkv::model
