#pragma once

#include <cstdint>
#include <vector>

#include "model/tensor.h"

namespace qkv::model {

/// The documents of a batch, each as a sequence with a beginning of its own, for nets that read
/// token after token. Rows hold several documents, and a net that read on would carry its state
/// from one into the next. So rows are cut into their documents, and those of like length (at most
/// twice as long) stand together in a batch, each followed by anything: a net that starts with a
/// document has read all of it before that. Padding is left out.
class Sequences {
 public:
  enum class Direction { kForward, kBackward };

  /// `documents` int64 [batch, tokens] numbers them, −1 is padding; undefined: each row is one.
  explicit Sequences(const Tensor& documents);

  /// [batch, tokens, width] → parts [documents, longest, width], in which each document runs from
  /// its beginning, or from its end.
  std::vector<Tensor> cut(const Tensor& x, Direction direction) const;

  /// What was made of each token back to the token's place: parts [documents, longest, any] →
  /// [batch, tokens, any]. Zeros where padding was.
  Tensor join(std::vector<Tensor> parts, Direction direction) const;

 private:
  /// One way to read the documents.
  struct Order {
    std::vector<Tensor> parts;  ///< int64 [documents, longest]: which token of batch · tokens
    Tensor home;  ///< int64 [batch · tokens]: where each token stands among zeros, parts…
  };
  const Order& order(Direction direction) const {
    return direction == Direction::kForward ? forward_ : backward_;
  }

  std::vector<std::int64_t> shape_;  ///< of the documents; empty where each row is one
  Order forward_;
  Order backward_;
};

}  // namespace qkv::model
