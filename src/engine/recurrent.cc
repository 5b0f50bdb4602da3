#include "engine/recurrent.h"

#include <algorithm>

namespace qkv::engine {

Recurrent::Recurrent(const Model& model)
    : Reader(model),
      hidden_(model.config().causal() ? model.config().width : model.config().width / 2),
      gates_(spec::gate_count(model.config().kind)),
      states_(static_cast<std::size_t>(model.config().layers)),
      from_state_(static_cast<std::size_t>(gates_ * hidden_)),
      logits_(static_cast<std::size_t>(model.vocabulary())) {}

Rows Recurrent::read_more(std::span<const std::int32_t> ids, Taps* taps) {
  const PackedWeights& weights = model().packed();
  const std::int64_t width = model().config().width;
  const std::int64_t vocabulary = model().vocabulary();
  count_ = static_cast<std::int64_t>(ids.size());
  x_.clear();
  for (const std::int32_t id : ids) {
    const float* row = weights.embedding + id * width;
    x_.insert(x_.end(), row, row + width);
  }
  tap(taps, {Tap::kEmbedding}, width, x_.data());
  for (std::int64_t layer = 0; layer < model().config().layers; ++layer) {
    tap(taps, {Tap::kInput, layer}, width, x_.data());
    read_layer(static_cast<std::size_t>(layer));
    tap(taps, {Tap::kOutput, layer}, width, x_.data());
  }
  final_.resize(x_.size());
  model().normalise(weights.norm, count_, x_.data(), final_.data());
  tap(taps, {Tap::kFinal}, width, final_.data());
  const Rows final = {final_.data(), width, count_};
  if (taps != nullptr && taps->wants({Tap::kLogits})) {
    std::vector<float> logits(static_cast<std::size_t>(count_ * vocabulary));
    model().logits(final, {logits.data(), vocabulary, count_});
    tap(taps, {Tap::kLogits}, vocabulary, logits.data());
  }
  return final;
}

std::span<const float> Recurrent::next_after(std::span<const std::int32_t> ids, Taps* taps) {
  const Rows final = read_more(ids, taps);
  model().logits({final.values + (final.count - 1) * final.stride, final.stride, 1},
                 {logits_.data(), model().vocabulary(), 1});
  return logits_;
}

void Recurrent::read_layer(std::size_t layer) {
  const PackedWeights& weights = model().packed();
  State& state = states_[layer];
  const auto zeros = static_cast<std::size_t>(hidden_);
  if (tokens() == 0) state = {std::vector<float>(zeros), std::vector<float>(zeros)};
  out_.resize(x_.size());
  read_direction(weights.states[layer], state, /*from_end=*/false, 0);
  if (!weights.states_from_end.empty()) {
    State from_end = {std::vector<float>(zeros), std::vector<float>(zeros)};
    read_direction(weights.states_from_end[layer], from_end, /*from_end=*/true, hidden_);
  }
  x_.swap(out_);
}

void Recurrent::read_direction(const DirectionWeights& weights, State& state, bool from_end,
                               std::int64_t column) {
  const std::int64_t width = model().config().width;
  const std::int64_t gates = gates_ * hidden_;
  from_input_.resize(static_cast<std::size_t>(count_ * gates));
  model().multiply(weights.input, {x_.data(), width, count_}, {from_input_.data(), gates, count_});
  for (std::int64_t at = 0; at < count_; ++at) {
    const std::int64_t token = from_end ? count_ - 1 - at : at;
    model().multiply(weights.state, {state.h.data(), hidden_, 1}, {from_state_.data(), gates, 1});
    step(from_input_.data() + token * gates, from_state_.data(), state);
    std::copy(state.h.begin(), state.h.end(), out_.data() + token * width + column);
  }
}

void Recurrent::step(const float* from_input, const float* from_state, State& state) const {
  const kernels::RecurrentLoops& loops = model().loops().recurrent;
  switch (model().config().kind) {
    case spec::Architecture::kLstm:
      return loops.lstm(hidden_, from_input, from_state, state.cell.data(), state.h.data());
    case spec::Architecture::kGru:
      return loops.gru(hidden_, from_input, from_state, state.h.data());
    case spec::Architecture::kTransformer:
      return;
  }
}

void Recurrent::tap(Taps* taps, const TapPlace& place, std::int64_t columns, float* values) const {
  const std::int64_t shape[] = {count_, columns};
  if (taps != nullptr && taps->wants(place)) taps->see(place, {shape, values});
}

}  // namespace qkv::engine
