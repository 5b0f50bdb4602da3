#include "inspect/edges/intervention.h"

namespace qkv::inspect {
namespace {

void cut_edges(std::span<float> weights, const std::vector<std::int64_t>& keys) {
  float sum = 0;
  for (const std::int64_t key : keys) weights[static_cast<std::size_t>(key)] = 0;
  for (const float weight : weights) sum += weight;
  if (sum <= 0) return;
  for (float& weight : weights) weight /= sum;
}

}  // namespace

bool EdgeCutter::wants(const engine::TapPlace& place) const {
  return place.tap == engine::Tap::kWeights && cut_.layer.value_or(place.layer) == place.layer;
}

void EdgeCutter::see(const engine::TapPlace& /*place*/, base::MutableView value) {
  const std::int64_t begin = cut_.head.value_or(0);
  const std::int64_t end = cut_.head ? begin + 1 : value.shape[0];
  for (std::int64_t head = begin; head < end; ++head) {
    for (const std::int64_t query : cut_.queries) cut_edges(value[head][query].values(), cut_.keys);
  }
}

}  // namespace qkv::inspect
