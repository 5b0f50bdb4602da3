#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/span.h"
#include "world/grammar.h"
#include "world/scene.h"

namespace qkv::world {

/// A question in a text.
struct Asked {
  const Question* question = nullptr;  ///< the template's; never null
  std::size_t thing = 0;               ///< the thing that it is about, counted from 0
  base::Span predict;                  ///< the bytes of the answer
  std::vector<base::Span> cues;
  std::string answer;
  std::vector<std::string> candidates;  ///< the answer among them
};

/// A line of text and its meaning.
struct Sentence {
  std::string text;
  std::vector<base::Span> things;  ///< where each thing is described
  std::vector<Asked> asked;
};

/// Writes a scene: the background before, the things, the background between, the questions (or the
/// questions before the things, if the template says so). With `only`, there is at most one
/// question, about that thing (from 0); otherwise those of a training line. Throws Error if words
/// of the background are needed and one of its sentences has none.
Sentence write_sentence(const Grammar& grammar, const Template& form, const Scene& scene,
                        std::optional<std::size_t> only, base::RandomStream& random);

}  // namespace qkv::world
