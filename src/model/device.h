#pragma once

#include "config/config.h"

namespace qkv::model {

/// The device that a config's runtime selects on this machine, kCpu or kCuda: kAuto selects CUDA if
/// libtorch finds a device.
spec::Device device_of(const config::RuntimeConfig& config);

}  // namespace qkv::model
