#include "inspect/rollout.h"

#include <Eigen/Core>

#include "base/error.h"
#include "base/format.h"

namespace qkv::inspect {
namespace {

using FloatMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

}  // namespace

base::Array attention_rollout(const std::vector<base::Array>& weights) {
  if (weights.empty()) throw base::Error("rollout: found no layer, expected at least one");
  const std::int64_t tokens = weights.front().shape.back();
  const FloatMatrix same = FloatMatrix::Identity(tokens, tokens);
  base::Array out({tokens, tokens});
  Eigen::Map<FloatMatrix> rolled(out.values.data(), tokens, tokens);
  rolled = same;
  for (const base::Array& layer : weights) {
    if (layer.shape.size() != 3 || layer.shape[1] != tokens || layer.shape[2] != tokens) {
      throw base::Error(base::concat("attention weights [heads, query, key]: found shape ",
                                     base::shape_text(layer.shape), ", expected [heads, ", tokens,
                                     ", ", tokens, "]"));
    }
    FloatMatrix mean = FloatMatrix::Zero(tokens, tokens);
    for (std::int64_t head = 0; head < layer.shape[0]; ++head)
      mean += Eigen::Map<const FloatMatrix>(layer[head].data, tokens, tokens);
    mean /= static_cast<float>(layer.shape[0]);
    rolled = (0.5F * mean + 0.5F * same) * rolled;  // Eigen computes a product before it assigns
  }
  return out;
}

}  // namespace qkv::inspect
