#pragma once

#include <cstdint>
#include <string>

namespace qkv::world {

/// Bounds a search that draws at random until it has found enough different texts: how often it
/// tries, altogether and in vain, and how much text it collects.
class Effort {
 public:
  /// The most bytes of text that one world may hold, its lines or its probes.
  static constexpr double kMostBytes = 256e6;
  /// So many texts say how long the others will be.
  static constexpr std::uint64_t kEnoughToEstimate = 256;
  /// The most tries in vain between two texts that are found.
  static constexpr std::uint64_t kMostInVain = 100'000;

  /// `wanted` texts are looked for, each of them in at most `tries` on average. `where`, the key
  /// that asks for them, and `what` they are stand in messages.
  Effort(std::string where, std::string what, std::uint64_t wanted, std::uint64_t tries);

  /// Before each try. Throws Error where there have been too many.
  void try_once();
  /// After one that found a text of so many bytes. Throws Error where those found so far take
  /// more than kMostBytes, or where all would, taken to be as long as those (once they are enough).
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
