#pragma once

#include <string>

#include "inspect/analysis.h"
#include "inspect/lens/lens.h"

namespace qkv::inspect {

/// lens.json (docs/taps.md). Equal input gives equal bytes.
std::string lens_json(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                      const Lens& lens);

/// A table for each token that is asked for (asked_tokens): what each depth would predict there.
std::string lens_text(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                      const Lens& lens);

/// --lens: what each depth would predict, printed for the tokens that are asked for, drawn and in
/// lens.json for all.
class LensAnalysis : public Analysis {
 public:
  std::string name() const override { return "lens"; }
  void require_possible(const checkpoint::Checkpoint& checkpoint, const Passage& passage,
                        bool draws) const override;
  double bytes(const checkpoint::Checkpoint& checkpoint, std::int64_t tokens,
               int threads) const override;
  Finding find(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
               int threads) const override;
};

}  // namespace qkv::inspect
