#pragma once

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

}  // namespace qkv::spec
