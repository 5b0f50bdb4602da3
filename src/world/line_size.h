#pragma once

#include "world/grammar.h"

namespace qkv::world {

/// The most bytes that a line may take during generation. Spans of probes end at most there, too.
inline constexpr double kMostBytesOfALine = 1'000'000;

/// An upper bound of the bytes that a line takes during generation: its text, the words drawn for
/// it, the candidates of its questions. As a double: nothing overflows.
struct LineSize {
  double bytes = 0;
  std::string form;  ///< the name of the template with the longest lines
};
LineSize longest_line(const Grammar& grammar);

}  // namespace qkv::world
