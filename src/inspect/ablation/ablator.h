#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "inspect/ablation/part.h"
#include "predict/scoring.h"

namespace qkv::inspect {

/// What the output of a part is replaced by: rows [count, width of the output]. The token at
/// position t of the text gets row t mod count, so that a single row is for all tokens.
struct Replacement {
  Part part;
  std::span<const float> rows;  ///< must outlive what uses it
};

/// Ablates parts: replaces their outputs before the pass continues.
class Ablator : public engine::Taps {
 public:
  /// `kept` tokens of the text are not read (engine::Reader::read_from).
  explicit Ablator(std::vector<Replacement> replacements, std::int64_t kept = 0)
      : replacements_(std::move(replacements)), kept_(kept) {}

  bool wants(const engine::TapPlace& place) const override;
  void see(const engine::TapPlace& place, base::MutableView value) override;

 private:
  std::vector<Replacement> replacements_;
  std::int64_t kept_;
};

/// The mean output of each part over some tokens. What the model lacks has no values.
struct PartMeans {
  base::Array heads;         ///< [layers, heads, head_width]
  base::Array feed_forward;  ///< [layers, width]

  /// All zero.
  explicit PartMeans(const spec::ModelConfig& model);

  std::span<const float> of(const Part& part) const;
  /// Puts its mean in the place of each part (mean ablation, Wang et al. 2022). The part then
  /// carries no information about the text, and later layers receive input of the usual size. The
  /// means must outlive the result.
  std::vector<Replacement> replacements(const std::vector<Part>& parts) const;
};

/// The means over all tokens of the rows. REQUIRES a Transformer. Throws Error if there is no
/// token, or as score_rows does.
PartMeans part_means(const engine::Model& model, const std::vector<predict::ScoredRow>& rows,
                     int threads, const predict::TokenCounter& counter = {});

}  // namespace qkv::inspect
