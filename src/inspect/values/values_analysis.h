#pragma once

#include <string>

#include "inspect/analysis.h"
#include "inspect/values/value_norms.h"

namespace qkv::inspect {

/// --values: attention weighted by the lengths of the vectors that it moves, beside the weights
/// alone and beside attention rollout. Printed for the tokens that are asked for (asked_tokens),
/// drawn (values: means over all layers; values-heads: each head) and in values.json
/// (docs/taps.md).
class ValuesAnalysis : public Analysis {
 public:
  std::string name() const override { return "values"; }
  std::vector<std::string> pictures() const override { return {"values", "values-heads"}; }
  void require_possible(const checkpoint::Checkpoint& checkpoint, const Passage& passage,
                        bool draws) const override;
  double bytes(const checkpoint::Checkpoint& checkpoint, std::int64_t tokens,
               int threads) const override;
  Finding find(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
               int threads) const override;
};

}  // namespace qkv::inspect
