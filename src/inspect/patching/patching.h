#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/array.h"
#include "engine/model.h"
#include "inspect/recorder.h"

namespace qkv::inspect {

/// What each place of a pass recovers, as a share: 0 is the difference of the run that is patched,
/// 1 that of the run from which the values come. It may be outside of both.
struct PatchedShares {
  base::ArrayOf<double> residual;        ///< the residual stream, [depth, token] (depths below)
  base::ArrayOf<double> heads;           ///< what a head has mixed, for all tokens, [layer, head]
  base::ArrayOf<double> heads_by_token;  ///< for one token, [layer, head, token]
  base::ArrayOf<double> patterns;        ///< a head's attention weights, all rows, [layer, head]
  base::ArrayOf<double> feed_forward;    ///< the output of a feed-forward layer, [layer, token]
};

/// Activation patching (Meng et al. 2022; Zhang and Nanda 2024): one value of a pass over one text
/// is replaced by that of another text, and the pass goes on. The measure is the difference
/// d = logit(a) − logit(b) at one token, and the share that is recovered
/// (d_patched − d_corrupt) / (d_clean − d_corrupt).
struct Patching {
  double clean_difference = 0;
  double corrupt_difference = 0;
  std::vector<std::string> depths;  ///< depth_names(): of the residual stream
  PatchedShares recovered;          ///< the corrupt text, with values of the clean one (denoising)
  /// The clean text, with values of the corrupt one (noising): the share that is lost.
  PatchedShares lost;
};

/// The two texts as the model reads them, and the values of its pass over each.
struct PatchedTexts {
  std::span<const std::int32_t> clean;
  std::span<const std::int32_t> corrupt;
  const Recorder& clean_taps;
  const Recorder& corrupt_taps;
};

/// Patches every place. Parts that the model lacks have no rows. Shows progress unless `label` is
/// empty. No result depends on the number of threads. Throws Error if the texts have different
/// numbers of tokens, or the same difference. REQUIRES a Transformer, and a token and pieces that
/// exist.
Patching patch(const engine::Model& model, const PatchedTexts& texts, std::int64_t token,
               std::int32_t a, std::int32_t b, int threads, const std::string& label = "");

/// The number of passes that patch() computes, in part or whole.
std::int64_t patch_count(const spec::ModelConfig& model, std::int64_t tokens);

}  // namespace qkv::inspect
