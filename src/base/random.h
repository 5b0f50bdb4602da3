#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

namespace qkv::base {

/// The purpose of a random stream: part of its key, so that no two purposes share numbers.
enum class Purpose : std::uint64_t {
  kInitialisation = 1,
  kBatch,
  kDropout,
  kMasking,
  kValidationMasking,
  kTokenizerSample,
  kSampling,
  kPacking,
  kWorld,
  kBootstrap,
  kPermutation,
  kResampling,
  kRandomText,
};

/// The key of the stream (seed, purpose, index…). Equal arguments give the same key; all others
/// give unrelated keys.
std::uint64_t stream_key(std::uint64_t seed, Purpose purpose,
                         std::initializer_list<std::uint64_t> place = {});

/// Which dropout of a Transformer's pass: index 0 belongs to the embedding, and each layer has
/// three (attention weights, attention output, feed-forward output).
constexpr std::uint64_t dropout_place(std::int64_t layer, std::uint64_t which) {
  return 3 * static_cast<std::uint64_t>(layer) + which + 1;
}

/// Random numbers that depend only on the key: SplitMix64 (Steele, Lea and Flood 2014).
class RandomStream {
 public:
  explicit RandomStream(std::uint64_t key) : state_(key) {}

  std::uint64_t next();
  /// Uniform in [0, 1).
  double uniform();
  /// Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound);

 private:
  std::uint64_t state_;
};

/// Puts the values in random order, all orders being equally probable: Fisher and Yates's shuffle
/// in place (Durstenfeld 1964).
template <typename Value>
void shuffle(std::vector<Value>& values, RandomStream& random) {
  for (std::size_t left = values.size(); left > 1; --left)
    std::swap(values[left - 1], values[random.below(left)]);
}

/// A random permutation of 0 … size−1 in constant memory: a Feistel network on the smallest even
/// number of bits that holds size, repeated until the value is in range (Black and Rogaway 2002).
class Permutation {
 public:
  Permutation(std::uint64_t key, std::uint64_t size);
  /// The image of `index` < size.
  std::uint64_t operator()(std::uint64_t index) const;

 private:
  std::uint64_t key_;
  std::uint64_t size_;
  unsigned half_bits_;
};

}  // namespace qkv::base
