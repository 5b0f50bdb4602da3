#pragma once

#include <vector>

#include "evaluate/probes.h"
#include "inspect/intervention.h"

namespace qkv::evaluate {

/// What removing heads (HeadRemover; means over the tokens of all probes) costs a family: the fall
/// of its accuracy in percentage points, on its probes of odd places. NaN where there is none.
struct HeadCosts {
  std::vector<double> single;  ///< each head by itself: those of layer 0, then those of layer 1, …
  /// Chosen on the probes of even places: again and again the head whose removal lowers the mean
  /// margin most is removed, until half of all heads are. The group is the shortest beginning of
  /// that path with 90% of the greatest fall of accuracy on it; empty where accuracy never falls.
  std::vector<inspect::HeadPlace> group;
  std::vector<double> group_on;  ///< what the group costs each family, itself among them
};

/// The probes of all families, made ready for it.
class HeadCostProbes {
 public:
  /// `families` are the probes of each. Throws Error where a text does not fit the context.
  HeadCostProbes(const std::vector<std::vector<const world::Probe*>>& families,
                 const text::Tokenizer& tokenizer, const std::string& layout,
                 const config::ModelConfig& model);

  std::size_t tokens() const;  ///< that the model reads for all costs
  std::vector<HeadCosts> costs(const model::Model& model, const model::Runtime& runtime,
                               const inspect::TokenCounter& counter = {}) const;

 private:
  /// A family's probes of even places, to choose on, and those of odd ones, to report on.
  struct Halves {
    AskedProbes even;
    AskedProbes odd;
  };

  std::vector<Halves> families_;
  std::size_t heads_;  ///< of all layers
};

}  // namespace qkv::evaluate
