#include "model/recurrent.h"

#include <tuple>

#include "base/error.h"
#include "base/format.h"
#include "model/libtorch.h"

namespace qkv::model {

RecurrentLayer::RecurrentLayer(const Parameters& parameters, const spec::ModelConfig& config,
                               std::int64_t layer)
    : kind_(config.kind), hidden_(config.causal() ? config.width : config.width / 2) {
  const auto take = [&](const spec::RecurrentWeights& weights) {
    return Weights{parameters.at(weights.input.weight), parameters.at(weights.state.weight),
                   parameters.at(weights.input.bias), parameters.at(weights.state.bias)};
  };
  forward_ = take(parameters.weights().states.at(static_cast<std::size_t>(layer)));
  if (!config.causal()) {
    backward_ = take(parameters.weights().states_from_end.at(static_cast<std::size_t>(layer)));
  }
}

Tensor RecurrentLayer::operator()(const Tensor& x, const Sequences& sequences) const {
  const auto read = [&](const Weights& weights, Sequences::Direction direction) {
    std::vector<Tensor> parts = sequences.cut(x, direction);
    for (Tensor& part : parts) part = run(part, weights);
    return sequences.join(std::move(parts), direction);
  };
  Tensor forward = read(forward_, Sequences::Direction::kForward);
  if (backward_.empty()) return forward;
  return at::cat({forward, read(backward_, Sequences::Direction::kBackward)}, -1);
}

Tensor RecurrentLayer::run(const Tensor& x, const Weights& weights) const {
  const Tensor start = torch::zeros({1, x.size(0), hidden_}, x.options());
  const bool train = at::GradMode::is_enabled();
  switch (kind_) {
    case spec::Architecture::kLstm:
      return std::get<0>(at::lstm(x, {start, start}, weights, /*has_biases=*/true,
                                  /*num_layers=*/1, /*dropout=*/0.0, train,
                                  /*bidirectional=*/false, /*batch_first=*/true));
    case spec::Architecture::kGru:
      return std::get<0>(at::gru(x, start, weights, /*has_biases=*/true, /*num_layers=*/1,
                                 /*dropout=*/0.0, train, /*bidirectional=*/false,
                                 /*batch_first=*/true));
    case spec::Architecture::kTransformer:
      break;
  }
  throw base::Error("a Transformer has no recurrent layer", base::Error::Fault::kRun);
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
    x = pass.tap(prefix, "output", layers_[layer](x, sequences));
  }
  return pass.tap("", "final", norm_(x));
}

}  // namespace qkv::model
