#pragma once

#include <cstdint>
#include <string>

#include "spec/choice.h"

// How a model is trained and where it runs; docs/config.md explains each choice.
namespace qkv::spec {

enum class Optimizer { kAdamw, kMuon };
template <>
inline constexpr auto kNames<Optimizer> = name_table<Optimizer>({
    {Optimizer::kAdamw, "adamw"},
    {Optimizer::kMuon, "muon"},
});

/// How the learning rate falls after the warm-up.
enum class Schedule { kCosine, kLinear, kConstant };
template <>
inline constexpr auto kNames<Schedule> = name_table<Schedule>({
    {Schedule::kCosine, "cosine"},
    {Schedule::kLinear, "linear"},
    {Schedule::kConstant, "constant"},
});

enum class Device { kAuto, kCpu, kCuda };
template <>
inline constexpr auto kNames<Device> = name_table<Device>({
    {Device::kAuto, "auto"},
    {Device::kCpu, "cpu"},
    {Device::kCuda, "cuda"},
});

/// The number format of matrix products.
enum class Precision { kAuto, kFloat32, kBfloat16 };
template <>
inline constexpr auto kNames<Precision> = name_table<Precision>({
    {Precision::kAuto, "auto"},
    {Precision::kFloat32, "float32"},
    {Precision::kBfloat16, "bfloat16"},
});

/// kFused: if the model allows it. kCheck: the same, compared with the definition.
enum class Kernels { kFused, kPlain, kCheck };
template <>
inline constexpr auto kNames<Kernels> = name_table<Kernels>({
    {Kernels::kFused, "fused"},
    {Kernels::kPlain, "plain"},
    {Kernels::kCheck, "check"},
});

/// The keys of a config's `training`, with its defaults.
struct TrainingConfig {
  std::int64_t steps = 2000;
  std::int64_t batch_size = 64;
  std::int64_t accumulation = 1;
  Optimizer optimizer = Optimizer::kAdamw;
  double learning_rate = 1e-3;
  double matrix_learning_rate = 0.01;  ///< of Muon's matrices; other weights use learning_rate
  double minimum_learning_rate = 1e-4;
  std::int64_t warmup_steps = 100;
  Schedule schedule = Schedule::kCosine;
  double beta1 = 0.9;
  double beta2 = 0.99;
  double epsilon = 1e-8;
  double weight_decay = 0.1;
  double gradient_clip = 1.0;         ///< 0: none
  std::int64_t validate_every = 250;  ///< 0: only when saving and at the end
  std::int64_t log_every = 1;
  std::int64_t patience = 0;  ///< validations without a new best before the run stops; 0: never
  std::int64_t sample_every = 0;
  std::string sample_prompt;

  bool operator==(const TrainingConfig&) const = default;
};

}  // namespace qkv::spec
