#pragma once

#include <cstdint>
#include <string>

namespace qkv::world {

/// Limits a search that draws at random until it has found enough different texts: the number of
/// tries, in total and in a row without success, and the amount of text.
class Effort {
 public:
  /// The most bytes of text that one world may hold, its lines or its probes.
  static constexpr double kMostBytes = 256e6;
  /// After this many texts, the length of the others can be estimated.
  static constexpr std::uint64_t kEnoughToEstimate = 256;
  /// The most tries without success between two texts that are found.
  static constexpr std::uint64_t kMostInVain = 100'000;

  /// Looks for `wanted` texts, each with at most `tries` tries on average. `where`, the key that
  /// asks for them, and `what` they are appear in messages.
  Effort(std::string where, std::string what, std::uint64_t wanted, std::uint64_t tries);

  /// Call it before each try. Throws Error after too many tries.
  void try_once();
  /// Call it after finding a text of this many bytes. Throws Error if the texts so far take more
  /// than kMostBytes, or if all would, assuming their average length (once there are enough).
  void found(double bytes);

 private:
  std::string where_;
  std::string what_;
  std::uint64_t wanted_;
  std::uint64_t most_tries_;
  std::uint64_t tries_ = 0;
  std::uint64_t in_vain_ = 0;
  std::uint64_t found_ = 0;
  double bytes_ = 0;
};

}  // namespace qkv::world
