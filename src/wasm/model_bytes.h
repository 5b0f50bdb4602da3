#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/array.h"
#include "spec/model.h"

namespace qkv::wasm {

/// The most values of an array: 1 GiB of float32, so that no size overflows 32 bits.
inline constexpr double kMostValues = 0x1p28;

/// What engine::Model is made of.
struct ModelParts {
  spec::ModelConfig config;
  std::int64_t vocabulary = 0;
  std::vector<base::Array> weights;  ///< of spec::WeightList
};

/// A model as bytes that need neither JSON nor files: float64 numbers, then float32 weights, all
/// least significant byte first. The numbers are how many follow, the vocabulary, and the values of
/// ModelConfig in its order (a choice is its place in its table); the weights are those of
/// spec::WeightList, in its order. Only the build that wrote the bytes must be able to read them.
std::string model_bytes(const spec::ModelConfig& config, std::int64_t vocabulary,
                        const std::vector<base::Array>& weights);

/// The model of such bytes; nothing, and the reason in `error`, if they hold none that the engine
/// can read. Throws nothing but std::bad_alloc.
std::optional<ModelParts> read_model_bytes(std::string_view bytes, std::string& error);

}  // namespace qkv::wasm
