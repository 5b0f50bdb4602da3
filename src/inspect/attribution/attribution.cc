#include "inspect/attribution/attribution.h"

#include <cmath>
#include <numeric>
#include <span>

#include "base/format.h"

namespace qkv::inspect {
namespace {

using Vector = std::vector<double>;

double dot(std::span<const double> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t at = 0; at < a.size(); ++at) sum += a[at] * static_cast<double>(b[at]);
  return sum;
}

/// The pass's last norm and the difference of two rows of the output layer, as one linear map of
/// the residual stream at a token: f(x) = direction · x + constant.
struct Readout {
  Vector direction;
  double constant = 0;
};

Readout readout(const engine::Model& model, std::span<const float> x, std::int32_t a,
                std::int32_t b) {
  const spec::ModelConfig& config = model.config();
  const spec::WeightList& list = model.list();
  const base::Array output = model.weight(list.head);
  const base::Array scale = model.weight(list.norm.weight);
  const auto width = static_cast<double>(config.width);
  const bool centred = config.norm == spec::Norm::kLayer;
  const double mean = centred ? std::accumulate(x.begin(), x.end(), 0.0) / width : 0;
  double square = 0;
  for (const float value : x) square += (value - mean) * (value - mean);
  const double factor = 1 / std::sqrt(square / width + config.norm_epsilon);

  Readout readout;
  Vector rows(x.size());
  for (std::size_t at = 0; at < x.size(); ++at) {
    rows[at] = static_cast<double>(output[a].values()[at]) - output[b].values()[at];
    readout.direction.push_back(factor * rows[at] * scale.values[at]);
  }
  if (list.norm.bias != spec::kAbsent)
    readout.constant = dot(rows, model.weight(list.norm.bias).values);
  if (!centred) return readout;
  // The norm takes the mean from the vector; its transpose takes it from the direction.
  const double shift =
      std::accumulate(readout.direction.begin(), readout.direction.end(), 0.0) / width;
  for (double& value : readout.direction) value -= shift;
  return readout;
}

/// What each head adds: the columns of W_O that belong to it, times what it has mixed.
void add_heads(const engine::Model& model, const Recorder& taps, std::int64_t layer,
               std::int64_t token, const Vector& direction, std::vector<Attributed>& parts) {
  const spec::ModelConfig& config = model.config();
  const base::Array output =
      model.weight(model.list().layers[static_cast<std::size_t>(layer)].output.weight);
  Vector through(static_cast<std::size_t>(config.width));  // W_Oᵀ · direction
  for (std::int64_t row = 0; row < config.width; ++row) {
    const std::span<const float> weights = output[row].values();
    for (std::size_t at = 0; at < through.size(); ++at)
      through[at] += direction[static_cast<std::size_t>(row)] * static_cast<double>(weights[at]);
  }
  const base::Array& mixed = taps.value(base::concat("layers.", layer, ".attention.mixed"));
  const auto head_width = static_cast<std::size_t>(config.head_width());
  for (std::int64_t head = 0; head < config.heads; ++head) {
    const std::span<const double> part =
        std::span(through).subspan(static_cast<std::size_t>(head) * head_width, head_width);
    parts.push_back(
        {base::concat("layers.", layer, ".heads.", head), dot(part, mixed[head][token].values())});
  }
}

}  // namespace

Attribution attribute(const engine::Model& model, const Recorder& taps, std::int64_t token,
                      std::int32_t a, std::int32_t b) {
  const spec::ModelConfig& config = model.config();
  const auto at = [&](const std::string& tap) { return taps.value(tap)[token].values(); };
  const auto [direction, constant] =
      readout(model, at(base::concat("layers.", config.layers - 1, ".output")), a, b);
  const auto add = [&, &direction = direction](Attribution& to, const std::string& name,
                                               const std::string& tap) {
    to.parts.push_back({name, dot(direction, at(tap))});
  };

  Attribution found;
  const std::span<const float> logits = at("logits");
  found.difference = static_cast<double>(logits[static_cast<std::size_t>(a)]) -
                     logits[static_cast<std::size_t>(b)];
  add(found, "embedding", "embedding");
  if (taps.has("position")) add(found, "position", "position");
  double bias = constant;
  bool has_bias = model.list().norm.bias != spec::kAbsent;
  for (std::int64_t layer = 0; layer < config.layers; ++layer) {
    if (config.has_attention()) {
      add_heads(model, taps, layer, token, direction, found.parts);
      const spec::WeightIndex of_output =
          model.list().layers[static_cast<std::size_t>(layer)].output.bias;
      if (of_output != spec::kAbsent) {
        has_bias = true;
        bias += dot(direction, model.weight(of_output).values);
      }
    }
    if (config.has_feed_forward()) {
      const std::string name = base::concat("layers.", layer, ".feed_forward");
      add(found, name, name + ".output");
    }
  }
  if (has_bias) found.parts.push_back({"bias", bias});
  return found;
}

}  // namespace qkv::inspect
