#include "inspect/mean_attention.h"

#include <algorithm>

#include "base/format.h"

namespace qkv::inspect {

AttentionMap mean_attention(const Inspection& inspection, const spec::ModelConfig& model) {
  const auto tokens = static_cast<std::int64_t>(inspection.passage.tokens.size());
  base::ArrayOf<double> sum({tokens, tokens});
  for (std::int64_t layer = 0; layer < model.layers; ++layer) {
    const base::Array& weights =
        inspection.taps.value(base::concat("layers.", layer, ".attention.weights"));
    for (std::size_t at = 0; at < weights.values.size(); ++at)
      sum.values[at % sum.values.size()] += static_cast<double>(weights.values[at]);
  }
  base::Array mean({tokens, tokens});
  std::transform(sum.values.begin(), sum.values.end(), mean.values.begin(), [&](double weight) {
    return static_cast<float>(weight / static_cast<double>(model.layers * model.heads));
  });
  return map_of(mean.view());
}

}  // namespace qkv::inspect
