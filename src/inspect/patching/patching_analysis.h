#pragma once

#include <string>
#include <utility>

#include "inspect/analysis.h"
#include "inspect/patching/patching.h"

namespace qkv::inspect {

/// --against TEXT2: activation patching between the text (clean) and another one (corrupt). The
/// answers that are compared are the most probable piece after each text; if both are the same, the
/// second one of TEXT2. Printed, drawn (patch: the residual stream; patch-parts: heads and
/// feed-forward layers) and in patch.json (docs/taps.md).
class PatchingAnalysis : public Analysis {
 public:
  explicit PatchingAnalysis(std::string other) : other_(std::move(other)) {}

  std::string name() const override { return "patch"; }
  std::string option() const override { return "--against"; }
  std::vector<std::string> pictures() const override { return {"patch", "patch-parts"}; }
  void require_possible(const checkpoint::Checkpoint& checkpoint, const Passage& passage,
                        bool draws) const override;
  double bytes(const checkpoint::Checkpoint& checkpoint, std::int64_t tokens,
               int threads) const override;
  Finding find(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
               int threads) const override;

 private:
  std::string other_;
};

}  // namespace qkv::inspect
