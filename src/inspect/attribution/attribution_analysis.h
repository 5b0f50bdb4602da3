#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "inspect/analysis.h"
#include "inspect/attribution/attribution.h"

namespace qkv::inspect {

/// What --attribution asks about a text.
struct AttributionRequest {
  /// "A,B", two words that are one piece each; empty: the two most probable pieces.
  std::string words;
  /// The token whose output is the prediction; nothing: that of the end of the text, or of the only
  /// <mask>.
  std::optional<std::int64_t> token;
};

/// --attribution: what each part of the model adds to logit(A) − logit(B). Printed, drawn, and in
/// attribution.json (docs/taps.md).
class AttributionAnalysis : public Analysis {
 public:
  explicit AttributionAnalysis(AttributionRequest request) : request_(std::move(request)) {}

  std::string name() const override { return "attribution"; }
  void require_possible(const checkpoint::Checkpoint& checkpoint, const Passage& passage,
                        bool draws) const override;
  double bytes(const checkpoint::Checkpoint& checkpoint, std::int64_t tokens,
               int threads) const override;
  Finding find(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
               int threads) const override;

 private:
  AttributionRequest request_;
};

}  // namespace qkv::inspect
