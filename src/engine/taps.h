#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/array.h"

namespace qkv::engine {

/// The intermediate values of a forward pass, in the order in which it computes them; docs/taps.md
/// lists shapes and meanings.
enum class Tap {
  kEmbedding,
  kPosition,
  // Of each layer:
  kInput,
  kAttentionNorm,
  kQuery,
  kKey,
  kValue,
  kScores,
  kScaled,
  kMasked,
  kWeights,
  kMixed,
  kAttentionOutput,
  kMiddle,
  kFeedForwardNorm,
  kHidden,
  kFeedForwardOutput,
  kOutput,
  // After the last layer:
  kFinal,
  kLogits,
};

/// One value of a pass. `layer` has a meaning only for the values of layers.
struct TapPlace {
  Tap tap = Tap::kEmbedding;
  std::int64_t layer = 0;

  bool operator==(const TapPlace&) const = default;
};

/// "layers.0.attention.weights"
std::string tap_name(const TapPlace& place);

/// Receives the values of a forward pass and may change them before the pass continues. Nothing
/// follows after the logits: a reader returns Tap::kFinal, and a change of Tap::kLogits is dropped.
class Taps {
 public:
  virtual ~Taps() = default;
  /// Whether it wants this value. Values that nobody wants cost nothing.
  virtual bool wants(const TapPlace& /*place*/) const { return true; }
  /// The value, with the shape of docs/taps.md. It is valid only during the call.
  virtual void see(const TapPlace& place, base::MutableView value) = 0;
};

/// A change of a model that every pass makes, before the taps of the pass see a value: what is read
/// is then the changed model.
struct Intervention {
  std::vector<std::string> parts;  ///< the names of the parts that it changes
  std::string mode;                ///< how
  /// Makes the taps of a read. `beginning` are the ids of the read with which the text began. The
  /// first `kept` tokens of the text are not read again. They want no scores, since these change
  /// the rounding of a pass. Called on the thread that reads.
  std::function<std::unique_ptr<Taps>(std::span<const std::int32_t> beginning, std::int64_t kept)>
      make_taps;
};

}  // namespace qkv::engine
