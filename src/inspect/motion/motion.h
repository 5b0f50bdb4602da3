#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "base/array.h"

namespace qkv::inspect {

/// Where vectors of a word are at one depth, with two of its senses, a and b, as landmarks.
struct MotionDepth {
  /// 2 · (v − (a + b) / 2) · (b − a) / |b − a|², with a and b the means of the two senses: −1 at
  /// the mean of a, 1 at that of b. 0 if the means are equal but for rounding: a static vector
  /// knows no senses. [frame], and [sentence] of the labelled sentences.
  std::vector<double> axis;
  std::vector<double> sentence_axis;
  double separation = 0;  ///< |b − a|
  /// The coordinates on the first two principal components of the labelled sentences' vectors, from
  /// their mean (Pearson 1901). b lies to the right of a. [frame, 2] and [sentence, 2].
  base::ArrayOf<double> plane;
  base::ArrayOf<double> sentence_plane;
  std::array<double, 2> explained = {0, 0};  ///< the share of the variance along each
};

/// `frames` and `sentences` [depths, width] each, as context_vectors gives them; `is_b` says of
/// each sentence which sense it has. Returns one place per depth. REQUIRES a sentence of each
/// sense.
std::vector<MotionDepth> measure_motion(const std::vector<base::ArrayOf<double>>& frames,
                                        const std::vector<base::ArrayOf<double>>& sentences,
                                        const std::vector<bool>& is_b);

/// A part of a text, around one of its words.
struct GrowingContext {
  std::string text;       ///< the part
  std::size_t begin = 0;  ///< where it begins in the whole text
  std::size_t word = 0;   ///< where the word begins in the part
  std::string added;      ///< the word of the text that came last; empty at first
};

/// The contexts of the word at `begin` in the text as the words around it are added one at a time,
/// the nearest first: at first the word alone, at last the whole text, or, if the model is causal,
/// the text up to the word. Words are separated by white space.
std::vector<GrowingContext> growing_contexts(const std::string& text, std::size_t begin,
                                             std::size_t end, bool causal);

}  // namespace qkv::inspect
