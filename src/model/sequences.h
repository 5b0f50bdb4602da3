#pragma once

#include <cstdint>
#include <vector>

#include "model/tensor.h"

namespace qkv::model {

/// The documents of a batch, each as a separate sequence, for nets that read one token after the
/// other. Rows hold several documents, and a net that continued would carry its state from one into
/// the next. So rows are cut into their documents, and those of similar length (at most twice as
/// long) form a batch. The values after the end of each are arbitrary: a net has then read the
/// whole document. Padding is omitted.
class Sequences {
 public:
  enum class Direction { kForward, kBackward };

  /// `documents` int64 [batch, tokens] numbers them, −1 is padding; undefined: each row is one
  /// document.
  explicit Sequences(const Tensor& documents);

  /// [batch, tokens, width] → parts [documents, longest, width], in which each document runs
  /// forward from its beginning, or backward from its end.
  std::vector<Tensor> cut(const Tensor& x, Direction direction) const;

  /// Moves the result of each token back to the token's position: parts [documents, longest, any] →
  /// [batch, tokens, any]. Padding becomes zeros.
  Tensor join(std::vector<Tensor> parts, Direction direction) const;

 private:
  /// One direction in which to read the documents.
  struct Order {
    std::vector<Tensor> parts;  ///< int64 [documents, longest]: the index in batch · tokens
    Tensor home;  ///< int64 [batch · tokens]: the index of each token in zeros, parts…
  };
  const Order& order(Direction direction) const {
    return direction == Direction::kForward ? forward_ : backward_;
  }

  std::vector<std::int64_t> shape_;  ///< of the documents; empty if each row is one
  Order forward_;
  Order backward_;
};

}  // namespace qkv::model
