#pragma once

#include <string>

#include "config/config.h"

namespace qkv::model {

/// The device that a config's runtime selects on this machine, "cpu" or "cuda": `auto` selects CUDA
/// if libtorch finds a device.
std::string device_of(const config::RuntimeConfig& config);

}  // namespace qkv::model
