#include "model/libtorch.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace qkv::model
