#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/reader.h"

namespace qkv::engine {

/// A reader for an LSTM or GRU (formulas: model/recurrent.h), also for a masked one, which reads in
/// both directions.
class Recurrent : public Reader {
 public:
  /// REQUIRES an LSTM or GRU.
  explicit Recurrent(const Model& model);

 private:
  /// What a layer keeps about the tokens that it has read.
  struct State {
    std::vector<float> h;
    std::vector<float> cell;  ///< of an LSTM
  };

  Rows read_more(std::span<const std::int32_t> ids, Taps* taps) override;
  std::span<const float> next_after(std::span<const std::int32_t> ids, Taps* taps) override;

  /// Replaces x_ [tokens, width] by one layer's states.
  void read_layer(std::size_t layer);
  /// One direction's states → columns from `column` on of out_.
  void read_direction(const DirectionWeights& weights, State& state, bool from_end,
                      std::int64_t column);
  void step(const float* from_input, const float* from_state, State& state) const;
  void tap(Taps* taps, const TapPlace& place, std::int64_t columns, float* values) const;

  std::int64_t hidden_;  ///< width of the state in one direction
  std::int64_t gates_;
  std::vector<State> states_;  ///< by layer, of the forward direction
  std::int64_t count_ = 0;     ///< tokens of the current read
  std::vector<float> x_;
  std::vector<float> from_input_;  ///< [tokens, gates · hidden]
  std::vector<float> from_state_;  ///< [gates · hidden]
  std::vector<float> out_;         ///< [tokens, width]
  std::vector<float> final_;
  std::vector<float> logits_;
};

}  // namespace qkv::engine
