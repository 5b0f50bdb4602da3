#pragma once

#include <cstdint>

#include "spec/choice.h"

// The description of a model. Each choice is an enum with a table of names. Code that tells more
// than two values apart does so in a switch, so that the compiler finds a missing one.
namespace qkv::spec {

enum class Architecture { kTransformer, kLstm, kGru };
template <>
inline constexpr auto kNames<Architecture> = name_table<Architecture>({
    {Architecture::kTransformer, "transformer"},
    {Architecture::kLstm, "lstm"},
    {Architecture::kGru, "gru"},
});

/// How the vector of each token is normalised (formulas: model/norm.h).
enum class Norm { kLayer, kRms };
template <>
inline constexpr auto kNames<Norm> = name_table<Norm>({
    {Norm::kLayer, "layer"},
    {Norm::kRms, "rms"},
});

/// The function between the two products of a feed-forward layer (formulas: model/feed_forward.h).
/// kNone: there is no such layer.
enum class Activation { kGelu, kRelu, kRelu2, kSilu, kSwiglu, kNone };
template <>
inline constexpr auto kNames<Activation> = name_table<Activation>({
    {Activation::kGelu, "gelu"},
    {Activation::kRelu, "relu"},
    {Activation::kRelu2, "relu2"},
    {Activation::kSilu, "silu"},
    {Activation::kSwiglu, "swiglu"},
    {Activation::kNone, "none"},
});

/// How a model knows the positions of tokens (formulas: model/position.h).
enum class Position { kNone, kSinusoidal, kLearned, kRotary, kAlibi };
template <>
inline constexpr auto kNames<Position> = name_table<Position>({
    {Position::kNone, "none"},
    {Position::kSinusoidal, "sinusoidal"},
    {Position::kLearned, "learned"},
    {Position::kRotary, "rotary"},
    {Position::kAlibi, "alibi"},
});

/// kCausal: predicts the next token from those before it. kMasked: predicts hidden tokens from both
/// sides.
enum class Objective { kCausal, kMasked };
template <>
inline constexpr auto kNames<Objective> = name_table<Objective>({
    {Objective::kCausal, "causal"},
    {Objective::kMasked, "masked"},
});

/// The source of queries, keys and values: learned matrices, or the normalised input itself.
enum class Projection { kLearned, kIdentity };
template <>
inline constexpr auto kNames<Projection> = name_table<Projection>({
    {Projection::kLearned, "learned"},
    {Projection::kIdentity, "identity"},
});

/// The weights of attention: the softmax of the scores, or uniform over the open keys. kNone: there
/// is no attention.
enum class Weighting { kSoftmax, kUniform, kNone };
template <>
inline constexpr auto kNames<Weighting> = name_table<Weighting>({
    {Weighting::kSoftmax, "softmax"},
    {Weighting::kUniform, "uniform"},
    {Weighting::kNone, "none"},
});

// The structs below are the keys of a config's `model`, their initial values its defaults;
// docs/config.md says what each means.

struct FeedForwardConfig {
  std::int64_t width = 512;
  Activation activation = Activation::kGelu;

  /// Whether there is a third matrix, the gate.
  bool gated() const { return activation == Activation::kSwiglu; }
  bool operator==(const FeedForwardConfig&) const = default;
};

struct AttentionConfig {
  Projection projection = Projection::kLearned;
  Weighting weights = Weighting::kSoftmax;
  bool scaled = true;  ///< scores / √head_width
  /// An RMS norm of each head's query and key before they are rotated and multiplied (Henry et al.
  /// 2020; as in Qwen3).
  bool query_key_norm = false;
  /// After the first layer, values are mixed with the first layer's, with two learned factors per
  /// layer (Zhou et al. 2024).
  bool value_residual = false;

  bool operator==(const AttentionConfig&) const = default;
};

struct ModelConfig {
  Architecture kind = Architecture::kTransformer;
  std::int64_t layers = 2;
  std::int64_t heads = 4;
  std::int64_t key_value_heads = 4;  ///< in JSON: heads unless given
  std::int64_t width = 128;
  std::int64_t context = 256;
  FeedForwardConfig feed_forward;
  Norm norm = Norm::kLayer;
  double norm_epsilon = 1e-5;
  Position position = Position::kSinusoidal;
  double rotary_base = 10000;
  Objective objective = Objective::kCausal;
  double dropout = 0.0;
  bool bias = false;
  bool tied_embeddings = true;
  double initial_deviation = 0.02;  ///< of the initial weights; 0.02 as in GPT-2
  AttentionConfig attention;

  std::int64_t head_width() const { return width / heads; }
  bool causal() const { return objective == Objective::kCausal; }
  /// An LSTM or GRU, which has no heads, positions, feed-forward network or attention.
  bool recurrent() const { return kind != Architecture::kTransformer; }
  bool has_attention() const { return !recurrent() && attention.weights != Weighting::kNone; }
  bool has_feed_forward() const {
    return !recurrent() && feed_forward.activation != Activation::kNone;
  }
  /// Whether there are queries and keys. With uniform weights, there are none.
  bool has_scores() const { return !recurrent() && attention.weights == Weighting::kSoftmax; }
  /// Whether each position of the context has its own weights.
  bool learns_positions() const { return !recurrent() && position == Position::kLearned; }
  /// Whether the norms have a bias: an RMS norm has none.
  bool norm_bias() const { return bias && norm == Norm::kLayer; }
  bool operator==(const ModelConfig&) const = default;
};

}  // namespace qkv::spec
