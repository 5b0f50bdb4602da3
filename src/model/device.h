#pragma once

#include <string>

#include "config/config.h"

namespace qkv::model {

/// The device that a config's runtime means on this machine, "cpu" or "cuda": `auto` takes CUDA
/// where libtorch sees a device.
std::string device_of(const config::RuntimeConfig& config);

}  // namespace qkv::model
