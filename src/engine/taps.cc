#include "engine/taps.h"

#include "base/format.h"

namespace qkv::engine {
namespace {

/// The name of a value without its layer.
const char* own_name(Tap tap) {
  switch (tap) {
    case Tap::kEmbedding:
      return "embedding";
    case Tap::kPosition:
      return "position";
    case Tap::kInput:
      return "input";
    case Tap::kAttentionNorm:
      return "attention.norm";
    case Tap::kQuery:
      return "attention.query";
    case Tap::kKey:
      return "attention.key";
    case Tap::kValue:
      return "attention.value";
    case Tap::kScores:
      return "attention.scores";
    case Tap::kScaled:
      return "attention.scaled";
    case Tap::kMasked:
      return "attention.masked";
    case Tap::kWeights:
      return "attention.weights";
    case Tap::kMixed:
      return "attention.mixed";
    case Tap::kAttentionOutput:
      return "attention.output";
    case Tap::kMiddle:
      return "middle";
    case Tap::kFeedForwardNorm:
      return "feed_forward.norm";
    case Tap::kHidden:
      return "feed_forward.hidden";
    case Tap::kFeedForwardOutput:
      return "feed_forward.output";
    case Tap::kOutput:
      return "output";
    case Tap::kFinal:
      return "final";
    case Tap::kLogits:
      return "logits";
  }
  return "";
}

}  // namespace

std::string tap_name(const TapPlace& place) {
  const bool of_layer = place.tap >= Tap::kInput && place.tap <= Tap::kOutput;
  return of_layer ? base::concat("layers.", place.layer, ".", own_name(place.tap))
                  : own_name(place.tap);
}

}  // namespace qkv::engine
