#include "inspect/values/value_norms.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <vector>

#include "base/format.h"
#include "inspect/ablation/ablation.h"

namespace qkv::inspect {
namespace {

using FloatMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ConstMap = Eigen::Map<const FloatMatrix>;

/// Fills in one layer: the lengths of its heads [head, query, key] and of their sum [query, key].
void add_layer(const spec::ModelConfig& config, const base::Array& output, const base::Array& value,
               const base::Array& weights, base::MutableView heads, base::MutableView sums) {
  const std::int64_t tokens = weights.shape[1];
  const std::int64_t head_width = config.head_width();
  const std::int64_t groups = value.shape[0];
  const ConstMap w_o(output.values.data(), config.width, config.width);
  // What each head would write of each key's value: [key, width].
  std::vector<FloatMatrix> written;
  for (std::int64_t head = 0; head < config.heads; ++head) {
    const ConstMap values(value[head * groups / config.heads].data, tokens, head_width);
    written.emplace_back(values * w_o.middleCols(head * head_width, head_width).transpose());
  }
  Eigen::MatrixXd products(config.heads, config.heads);  // of the vectors of two heads
  for (std::int64_t key = 0; key < tokens; ++key) {
    for (std::int64_t a = 0; a < config.heads; ++a)
      for (std::int64_t b = 0; b <= a; ++b)
        products(a, b) = products(b, a) =
            written[static_cast<std::size_t>(a)].row(key).cast<double>().dot(
                written[static_cast<std::size_t>(b)].row(key).cast<double>());
    Eigen::VectorXd shares(config.heads);
    for (std::int64_t query = 0; query < tokens; ++query) {
      const auto at = static_cast<std::size_t>(query * tokens + key);
      for (std::int64_t head = 0; head < config.heads; ++head) {
        shares(head) = static_cast<double>(weights[head].data[at]);
        heads[head].data[at] = static_cast<float>(shares(head) * std::sqrt(products(head, head)));
      }
      // Rounding may leave less than nothing where vectors cancel.
      const double square = shares.dot(products * shares);
      sums.data[at] = static_cast<float>(std::sqrt(std::max(square, 0.0)));
    }
  }
}

}  // namespace

ValueNorms value_norms(const engine::Model& model, const Recorder& taps) {
  const spec::ModelConfig& config = model.config();
  const std::int64_t tokens = taps.value("layers.0.attention.weights").shape[1];
  ValueNorms found{.heads = base::Array({config.layers, config.heads, tokens, tokens}),
                   .layers = base::Array({config.layers, tokens, tokens})};
  for (std::int64_t layer = 0; layer < config.layers; ++layer) {
    const std::string name = base::concat("layers.", layer, ".attention.");
    base::Array weights = taps.value(name + "weights");
    for (std::int64_t head = 0; head < config.heads; ++head)  // an ablated head moves nothing
      if (is_ablated(model, {layer, head})) std::ranges::fill(weights[head].values(), 0.0F);
    add_layer(config,
              model.weight(model.list().layers[static_cast<std::size_t>(layer)].output.weight),
              taps.value(name + "value"), weights, found.heads[layer], found.layers[layer]);
  }
  return found;
}

base::Array row_shares(const base::Array& lengths) {
  base::Array shares = lengths;
  const auto keys = static_cast<std::size_t>(lengths.shape.back());
  for (std::size_t begin = 0; begin < shares.values.size(); begin += keys) {
    const std::span<float> row = std::span(shares.values).subspan(begin, keys);
    double sum = 0;
    for (const float length : row) sum += static_cast<double>(length);
    if (sum == 0) continue;
    for (float& length : row) length = static_cast<float>(static_cast<double>(length) / sum);
  }
  return shares;
}

}  // namespace qkv::inspect
