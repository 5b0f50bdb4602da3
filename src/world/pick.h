#pragma once

#include <vector>

#include "base/random.h"

namespace qkv::world {

/// Draws one of the choices with a probability proportional to its `share`. REQUIRES a choice.
template <typename Shared>
const Shared& pick(const std::vector<Shared>& choices, base::RandomStream& random) {
  double all = 0;
  for (const Shared& choice : choices) all += choice.share;
  double place = random.uniform() * all;
  for (const Shared& choice : choices) {
    place -= choice.share;
    if (place < 0) return choice;
  }
  return choices.back();
}

}  // namespace qkv::world
