#pragma once

#include "config/config.h"

namespace qkv::tests {

/// A small model that the kernels support, in float32 on two threads of the processor. Its weights
/// are so large that no part of the formula is too small to matter.
inline config::Config small_config() {
  config::Config config;
  config.model.layers = 2;
  config.model.heads = config.model.key_value_heads = 4;
  config.model.width = 32;
  config.model.context = 24;
  config.model.feed_forward.width = 48;
  config.model.initial_deviation = 0.2;
  config.runtime = {.device = spec::Device::kCpu,
                    .precision = spec::Precision::kFloat32,
                    .threads = 2,
                    .kernels = spec::Kernels::kFused};
  return config;
}

}  // namespace qkv::tests
