#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "evaluate/probes/contrast.h"
#include "evaluate/probes/probe_heads.h"
#include "evaluate/probes/probe_reading.h"

namespace qkv::evaluate {

/// Whether attention shows where a family's answers come from, whether cutting this attention
/// changes the answers, and which heads the family needs. A head, a layer, an offset or a word is
/// chosen on the probes with even numbers and reported on the others; results without a choice are
/// reported on all probes. Heads are numbered layer by layer.
struct FamilyFindings {
  /// The best of several measurements.
  struct Best {
    std::size_t way = 0;
    Share share;
    std::vector<double>
        all;  ///< the share of every measurement, on the same probes as that of the best
  };
  /// The findings for the probes in one range of distances.
  struct Band {
    std::size_t least = 0;
    Share attention;  ///< of the family's best head
    Share edges;
  };

  std::string family;
  std::size_t measured =
      0;           ///< probes of which the model reads a query, the evidence and a distractor
  Best attention;  ///< of a head's weights
  Share rollout;
  Share edges;  ///< cut in all heads of all layers
  Best edge_layer;
  Best edge_head;
  double untrained_accuracy = 0;
  Best untrained_attention;
  Share untrained_edges;
  Best offset;
  std::int64_t offset_tokens = 0;  ///< the best offset, in tokens before the query
  Best word;
  std::string word_piece;
  HeadCosts heads;
  std::vector<Band> bands;

  /// Whether the answers use the evidence about as often as the best head attends to it: the two
  /// shares differ by at most 10 points, or their intervals overlap. Otherwise, the head's map does
  /// not show where the answers come from.
  bool map_is_trustworthy() const;

  /// The mean cost of removing any head except the best.
  double others_cost() const;
};

/// The findings of every family.
struct Findings {
  spec::ModelConfig model;
  std::vector<FamilyFindings> families;
};

/// The findings of the family with this index; nullptr if nothing was measured.
const FamilyFindings* found_of(const std::optional<Findings>& findings, std::size_t family);

/// All questions about its probes for a checkpoint, prepared so that the amount of work is known
/// before it begins.
class ProbeStudy {
 public:
  enum class Scope { kAccuracy, kAttention };

  /// kAttention REQUIRES a model with attention. `checkpoint` and `probes` must outlive the study.
  /// `threads` threads read. Throws Error as askable_probes does, and if a text does not fit the
  /// context.
  ProbeStudy(const checkpoint::Checkpoint& checkpoint, const std::vector<world::Probe>& probes,
             Scope scope, int threads);

  /// The number of tokens that the model reads for everything in the scope.
  std::size_t tokens() const;

  std::vector<FamilyScore> scores(const predict::TokenCounter& counter = {}) const;

  /// The findings of the families of scores(), in their order. A family without a measurable probe
  /// has only `heads` and `untrained_accuracy`. REQUIRES kAttention.
  Findings findings(const std::vector<FamilyScore>& scores,
                    const predict::TokenCounter& counter = {}) const;

 private:
  /// The measurable probes of a family.
  using Family = std::vector<ProbeReading>;

  FamilyFindings findings_of(const FamilyScore& score, const Family& family,
                             const predict::TokenCounter& counter) const;
  void look(const Family& family, const std::vector<DistanceBand>& bands,
            const predict::TokenCounter& counter, FamilyFindings& out) const;
  void compare(const Family& family, const predict::TokenCounter& counter,
               FamilyFindings& out) const;

  const checkpoint::Checkpoint& checkpoint_;
  int threads_;
  AskedProbes asked_;
  std::shared_ptr<const engine::Model> untrained_;  ///< null for kAccuracy; the next, nothing
  std::vector<Family> families_;
  std::optional<HeadCostProbes> head_cost_probes_;
};

}  // namespace qkv::evaluate
