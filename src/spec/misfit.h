#pragma once

#include <optional>
#include <string>

#include "spec/model.h"

namespace qkv::spec {

/// A value of a model's description that does not fit to the others.
struct Misfit {
  const char* key;  ///< as in a config: "model.heads"
  std::string found;
  std::string expected;
};

/// The first such value, or nothing. Whoever reads a description calls this: nothing below checks
/// it again. REQUIRES sizes of at least 1.
std::optional<Misfit> find_misfit(const ModelConfig& model);

}  // namespace qkv::spec
