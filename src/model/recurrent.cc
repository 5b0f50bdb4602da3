#include "model/recurrent.h"

#include <algorithm>
#include <tuple>

#include "base/format.h"
#include "model/libtorch.h"

namespace qkv::model {

RecurrentLayer::RecurrentLayer(const Parameters& parameters, const spec::ModelConfig& config,
                               std::int64_t layer)
    : layer_(static_cast<std::size_t>(layer)),
      lstm_(config.kind == spec::Architecture::kLstm),
      hidden_(config.causal() ? config.width : config.width / 2) {
  const auto take = [&](const spec::RecurrentWeights& weights) {
    return Weights{parameters.at(weights.input.weight), parameters.at(weights.state.weight),
                   parameters.at(weights.input.bias), parameters.at(weights.state.bias)};
  };
  forward_ = take(parameters.weights().states.at(layer_));
  if (!config.causal()) backward_ = take(parameters.weights().states_from_end.at(layer_));
}

Tensor RecurrentLayer::operator()(const Tensor& x, const Sequences& sequences, Cache* cache) const {
  const auto read = [&](const Weights& weights, Sequences::Direction direction) {
    std::vector<Tensor> parts = sequences.cut(x, direction);
    for (Tensor& part : parts) {
      std::vector<Tensor> state;
      if (cache != nullptr && cache->tokens > 0) state = cache->states.at(layer_);
      part = run(part, weights, state);
      if (cache == nullptr) continue;
      cache->states.resize(std::max(cache->states.size(), layer_ + 1));
      cache->states[layer_] = state;
    }
    return sequences.join(std::move(parts), direction);
  };
  Tensor forward = read(forward_, Sequences::Direction::kForward);
  if (backward_.empty()) return forward;
  return at::cat({forward, read(backward_, Sequences::Direction::kBackward)}, -1);
}

Tensor RecurrentLayer::run(const Tensor& x, const Weights& weights,
                           std::vector<Tensor>& state) const {
  if (state.empty()) {
    const Tensor nothing = torch::zeros({1, x.size(0), hidden_}, x.options());
    state.assign(lstm_ ? 2 : 1, nothing);
  }
  const bool train = at::GradMode::is_enabled();
  Tensor out;
  if (lstm_) {
    std::tie(out, state[0], state[1]) =
        at::lstm(x, state, weights, /*has_biases=*/true, /*num_layers=*/1, /*dropout=*/0.0, train,
                 /*bidirectional=*/false, /*batch_first=*/true);
  } else {
    std::tie(out, state[0]) =
        at::gru(x, state[0], weights, /*has_biases=*/true, /*num_layers=*/1, /*dropout=*/0.0, train,
                /*bidirectional=*/false, /*batch_first=*/true);
  }
  return out;
}

Recurrent::Recurrent(const spec::ModelConfig& config, std::int64_t vocabulary, std::uint64_t seed,
                     at::TensorOptions options)
    : Model(config, vocabulary, seed, options) {
  for (std::int64_t layer = 0; layer < config.layers; ++layer)
    layers_.emplace_back(parameters_, config, layer);
}

Tensor Recurrent::read(const Tokens& tokens, const Pass& pass) const {
  // Rounding to bfloat16 at each step would accumulate in the state, and saves no time.
  const Autocast float32({.device = device(), .bfloat16 = false});
  const Sequences sequences(tokens.documents);
  Tensor x = pass.tap("", "embedding", embedding_(tokens.ids));
  for (std::size_t layer = 0; layer < layers_.size(); ++layer) {
    const std::string prefix = pass.taps == nullptr ? "" : base::concat("layers.", layer, ".");
    x = pass.tap(prefix, "input", pass.dropout(x, layer));
    x = pass.tap(prefix, "output", layers_[layer](x, sequences, pass.cache));
  }
  return pass.tap("", "final", norm_(x));
}

}  // namespace qkv::model
