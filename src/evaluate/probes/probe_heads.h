#pragma once

#include <vector>

#include "evaluate/probes/probes.h"
#include "inspect/ablation/ablator.h"

namespace qkv::evaluate {

/// The cost of removing heads (inspect::PartMeans; means over the tokens of all probes) for a
/// family: the fall of its accuracy in percentage points, on its probes with odd numbers. NaN if
/// there are none.
struct HeadCosts {
  std::vector<double> single;  ///< each head separately: those of layer 0, then those of layer 1, …
  /// Chosen on the probes with even numbers: the head whose removal lowers the mean margin most is
  /// removed, repeatedly, until half of all heads are removed. The group is the shortest beginning
  /// of this path with 90% of its greatest fall of accuracy; empty if the accuracy never falls.
  std::vector<inspect::HeadPlace> group;
  std::vector<double> group_on;  ///< the cost of the group to each family, its own included
};

/// The probes of all families, prepared for this.
class HeadCostProbes {
 public:
  /// `families` are the probes of each family. Throws Error if a text does not fit the context.
  HeadCostProbes(const std::vector<std::vector<const world::Probe*>>& families,
                 const text::Tokenizer& tokenizer, spec::TextLayout layout,
                 const spec::ModelConfig& model);

  std::size_t tokens() const;  ///< tokens that the model reads for all costs
  std::vector<HeadCosts> costs(const engine::Model& model, int threads,
                               const predict::TokenCounter& counter = {}) const;

 private:
  /// A family's probes with even numbers, for choosing, and with odd numbers, for reporting.
  struct Halves {
    AskedProbes even;
    AskedProbes odd;
  };

  std::vector<Halves> families_;
  std::size_t heads_;  ///< of all layers
};

}  // namespace qkv::evaluate
