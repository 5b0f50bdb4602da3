#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/phase_clock.h"
#include "engine/training/layout.h"
#include "kernels/arena.h"
#include "kernels/dropped.h"
#include "kernels/norm.h"
#include "kernels/product.h"
#include "kernels/scratch.h"
#include "kernels/token_loops.h"
#include "spec/training.h"

namespace qkv::engine {

/// A model's weights as the parts of a pass use them.
template <typename T>
struct Weights {
  const float* exact;    ///< all of WeightLayout
  const T* for_product;  ///< the same, in the type of the products
};

/// Tokens that attend to each other: a document, or a row without documents.
struct Document {
  std::int64_t begin;
  std::int64_t tokens;
};

/// The input of a pass: rows of tokens side by side.
struct Reading {
  std::int64_t tokens = 0;                  ///< of all rows
  const std::int32_t* ids = nullptr;        ///< [tokens]
  const std::int32_t* positions = nullptr;  ///< [tokens]
  const std::int32_t* targets = nullptr;    ///< [tokens], negative if nothing is predicted
  std::vector<Document> documents;
  std::int64_t first_token =
      0;                   ///< index of its first token in the step: part of the key of dropout
  std::uint64_t step = 0;  ///< its number: part of the key of dropout
};

/// The phases of a thread's time in a step.
enum class Work {
  kProducts,    ///< of matrices, except in attention
  kAttention,   ///< scores, softmax, weighted sums
  kNorm,        ///< with the sum of the residual stream and its dropout
  kActivation,  ///< of the feed-forward layer
  kLoss,        ///< softmax over the vocabulary and cross entropy
  kSum,         ///< of the threads' gradients, and rounding of the weights
  kElse,        ///< embeddings, rotations, biases
  kWait,        ///< for the other threads, and outside the step
  kCount
};

/// The memory that the parts of one pass share. Only the clock and `output` outlive a sub-layer;
/// the next norm reads `output` before it is overwritten.
template <typename T>
struct Workspace {
  base::PhaseClock<Work>* clock;
  kernels::Products products;
  kernels::Scratch scratch;      ///< of attention
  std::span<float> output;       ///< [tokens, width], added to the residual stream by a sub-layer
  std::span<T> branch;           ///< [tokens, width], the gradient on input to a sub-layer
  std::span<T> normed_gradient;  ///< [tokens, width]
  std::span<T> wide;             ///< the gradient of the widest values in a sub-layer
  std::span<T> wide_too;
  // With value_residual:
  std::span<T> first_values;               ///< [tokens, key_value_heads · head_width], of layer 0
  std::span<float> first_values_gradient;  ///< the same, from the later layers
};

/// The residual stream between two sub-layers: x, and the last one's output, not yet summed, so
/// that the sum and the next norm are one pass over memory.
struct Residual {
  const float* x;
  const float* added = nullptr;
  kernels::Dropped dropped;
};

/// A gradient array with the layout of the weights, and whether its matrices are still empty.
struct Gradient {
  float* values;
  bool fresh;
};

/// The norm before a sub-layer (or the output layer).
template <typename T>
class NormPass {
 public:
  NormPass(const spec::ModelConfig& config, std::int64_t weight, std::int64_t bias,
           std::int64_t most_tokens, kernels::Arena& memory);

  /// Adds to the residual stream and normalizes it.
  void forward(const Residual& residual, std::int64_t tokens, const Weights<T>& weights);
  void backward(const T* normed_gradient, std::int64_t tokens, const Weights<T>& weights,
                bool fresh, float* x_gradient, float* gradient) const;

  const float* x() const { return x_; }
  const T* normed() const { return normed_.data(); }

 private:
  kernels::NormShape shape(std::int64_t tokens, const Weights<T>& weights) const;

  std::int64_t width_;
  spec::Norm kind_;
  float epsilon_;
  std::int64_t weight_;
  std::int64_t bias_;
  const float* x_ = nullptr;
  std::span<float> sum_;
  std::span<kernels::RowScale> scales_;
  std::span<T> normed_;
};

/// The norm of the queries or of the keys, each head by itself. They begin at `column` of rows that
/// are `stride` apart.
template <typename T>
class HeadNormPass {
 public:
  /// `weight`: its place in the layout, or −1 for no norm.
  HeadNormPass(const spec::ModelConfig& config, std::int64_t weight, std::int64_t heads,
               std::int64_t column, std::int64_t stride, std::int64_t most_tokens,
               kernels::Arena& memory);

  void forward(std::int64_t tokens, const Weights<T>& weights, const T* x, T* y);
  /// Replaces the gradient of y by that of x.
  void backward(std::int64_t tokens, const Weights<T>& weights, const T* x, T* y_gradient,
                float* gradient) const;

 private:
  kernels::NormShape shape(std::int64_t tokens, const Weights<T>& weights) const;

  std::int64_t head_width_;
  float epsilon_;
  std::int64_t weight_;
  std::int64_t heads_;
  std::int64_t column_;
  std::int64_t stride_;
  std::span<kernels::RowScale> scales_;  ///< [tokens, heads]
};

/// y = x Wᵀ + b and its gradients, W [out, in] at `weight` and b at `bias` (or −1) in the layout.
/// `y` may be float or T.
template <typename T>
struct LinearPass {
  std::int64_t in;
  std::int64_t out;
  std::int64_t weight;
  std::int64_t bias;

  template <typename Y>
  void forward(Workspace<T>& workspace, const Weights<T>& weights, std::int64_t tokens, const T* x,
               Y* y) const;
  void backward(Workspace<T>& workspace, const Weights<T>& weights, std::int64_t tokens, const T* x,
                const T* y_gradient, T* x_gradient, const Gradient& gradient) const;
};

}  // namespace qkv::engine
