#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/config.h"
#include "model/tensor.h"

// All code that depends on libtorch's version, and its process-wide settings.
namespace qkv::model {

/// The device and the precision of a model's computation.
struct Runtime {
  at::Device device = at::kCPU;
  bool bfloat16 = false;  ///< products in bfloat16 by autocast; weights stay float32
  int threads = 1;
};

/// Applies a config's runtime to this process: number of threads, no subnormal numbers. `auto`
/// selects CUDA if there is a device, and bfloat16 if the processor can multiply in it. Throws
/// Error if a CUDA device is requested but missing.
Runtime set_up_runtime(const config::RuntimeConfig& config);

/// While one exists, products of this thread use bfloat16 (if `runtime` says so).
class Autocast {
 public:
  explicit Autocast(const Runtime& runtime);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  at::DeviceType device_;
  bool was_enabled_;
  at::ScalarType was_type_;
};

/// `x` rounded as a product under an Autocast of this thread would round it: for an input of
/// several products, which then need not each round it.
Tensor rounded_for_products(const Tensor& x);

/// A generator whose numbers depend only on `key`.
at::Generator keyed_generator(std::uint64_t key, at::Device device);

/// Sets libtorch's own generator of the device, which Dropout::in_order uses, to `key`.
void seed_device(std::uint64_t key, at::Device device);

/// One AdamW step (Loshchilov and Hutter 2019, algorithm 2) on all weights in one pass, in place.
/// Values that change from step to step are float32 scalars on the weights' device, so that the
/// host need not wait for it.
struct AdamwStep {
  Tensor learning_rate;
  Tensor step;     ///< from 1
  Tensor divisor;  ///< every gradient is divided by it first
  Tensor skipped;  ///< if it is 1, nothing is updated
  double beta1;
  double beta2;
  double epsilon;
  double weight_decay;
};
void adamw_step(const std::vector<Tensor>& weights, const std::vector<Tensor>& gradients,
                const std::vector<Tensor>& first_moments, const std::vector<Tensor>& second_moments,
                const AdamwStep& options);

/// libtorch's version at run time, "2.13.0".
std::string libtorch_version();

}  // namespace qkv::model
