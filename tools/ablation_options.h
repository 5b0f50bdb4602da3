#pragma once

#include "cli.h"
#include "inspect/ablation/ablation.h"

namespace qkv::cli {

/// Adds --ablate and --mode.
inline void add_ablation(CommandLine& line, inspect::AblationRequest& request) {
  line.add_option(
          "--ablate", request.parts,
          "removes parts of the model: a list of heads and feed-forward layers, for example "
          "L1.H3,L0.mlp")
      ->type_name("PARTS");
  line.add_option("--mode", request.mode,
                  "what replaces the outputs of --ablate: mean, zero or resample")
      ->default_str("mean");
}

}  // namespace qkv::cli
