#include "engine/transformer.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace qkv::engine {
namespace {

/// How many of the tokens or queries that are left are computed together. One alone would be summed
/// in another order, so that its values would depend on the length of the text.
std::int64_t many_at_once(std::int64_t left, std::int64_t most) {
  return left == most + 1 ? most - 1 : std::min(most, left);
}

/// Reading a layer's weights takes about as long as five barriers if a member has this many.
int useful_members(const Model& model, int most) {
  constexpr double kWeightsOfAMember = 65536;
  const double weights = spec::count_parameters(model.config(), model.vocabulary()) /
                         static_cast<double>(model.config().layers);
  return std::clamp(static_cast<int>(std::min(weights / kWeightsOfAMember, 1024.0)), 1,
                    std::max(most, 1));
}

/// Rows first … first + count − 1, from a column on.
template <typename Float>
kernels::RowsOf<Float> part(kernels::RowsOf<Float> rows, std::int64_t first, std::int64_t count,
                            std::int64_t column) {
  return {rows.values + first * rows.stride + column, rows.stride, count};
}

Rows readable(MutableRows rows) { return {rows.values, rows.stride, rows.count}; }

}  // namespace

Transformer::Transformer(const Model& model, int threads)
    : Reader(model),
      config_(model.config()),
      loops_(model.loops()),
      weights_(model.packed()),
      width_(config_.width),
      head_width_(config_.head_width()),
      shared_heads_(config_.attention.projection == spec::Projection::kIdentity
                        ? config_.heads
                        : config_.key_value_heads),
      group_(config_.heads / shared_heads_),
      uniform_(config_.attention.weights == spec::Weighting::kUniform),
      scale_(config_.attention.scaled ? 1.0F / std::sqrt(static_cast<float>(head_width_)) : 1.0F),
      cache_(config_, shared_heads_, loops_.panels.lanes),
      team_(useful_members(model, threads)),
      work_([this](int member) { pass(member); }),
      own_(static_cast<std::size_t>(useful_members(model, threads))),
      logits_(static_cast<std::size_t>(model.vocabulary())) {
  reserve(0);
}

void Transformer::reserve(std::int64_t block) {
  block = std::max(block, std::min(kBlock, config_.context));
  if (block <= block_) return;
  block_ = 0;  // until everything is there
  memory_ = kernels::Arena();
  const auto floats = [&](std::int64_t count) { return memory_.take<float>(count).data(); };
  const auto rows = [&](std::int64_t columns) {
    return MutableRows{.values = floats(block * columns), .stride = columns, .count = block};
  };
  x_ = rows(width_);
  heads_ = rows(width_ + 2 * shared_heads_ * head_width_);
  mixed_ = rows(width_);
  first_values_ = rows(config_.attention.value_residual ? shared_heads_ * head_width_ : 0);
  gate_ = rows(config_.feed_forward.width);
  hidden_ = rows(config_.feed_forward.width);
  for (Own& own : own_) {
    own = {.normed = floats(block * width_),
           .scores = floats(kQueries * cache_.whole_panels(config_.context))};
  }
  block_ = block;
}

Rows Transformer::read_more(std::span<const std::int32_t> ids, Taps* taps) {
  const auto count = static_cast<std::int64_t>(ids.size());
  const bool at_once = taps != nullptr || !config_.causal();
  reserve(at_once ? count : 0);
  taps_ = taps;
  final_.resize(ids.size() * static_cast<std::size_t>(width_));
  before_ = tokens();
  for (std::int64_t begin = 0; begin < count; begin += count_) {
    count_ = many_at_once(count - begin, block_);
    final_at_ = final_.data() + begin * width_;
    embed(ids.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(count_)));
    run(0, Result::kFinal);
  }
  return {final_.data(), width_, count};
}

std::span<const float> Transformer::next_after(std::span<const std::int32_t> ids, Taps* taps) {
  reserve(taps != nullptr ? static_cast<std::int64_t>(ids.size()) : 0);
  taps_ = taps;
  before_ = tokens();
  while (!ids.empty()) {
    count_ = many_at_once(static_cast<std::int64_t>(ids.size()), block_);
    embed(ids.first(static_cast<std::size_t>(count_)));
    ids = ids.subspan(static_cast<std::size_t>(count_));
    run(0, ids.empty() ? Result::kNextLogits : Result::kNothing);
  }
  return logits_;
}

Rows Transformer::read_layers(std::int64_t layer, Rows x, Rows first_values, Taps* taps,
                              std::int64_t kept) {
  reserve(x.count);
  taps_ = taps;
  before_ = kept;
  count_ = x.count;
  final_.resize(static_cast<std::size_t>(count_ * width_));
  final_at_ = final_.data();
  for (std::int64_t token = 0; token < count_; ++token)
    std::copy_n(x.values + token * x.stride, width_, x_.values + token * width_);
  for (std::int64_t token = 0; token < first_values.count; ++token)
    std::copy_n(first_values.values + token * first_values.stride, first_values_.stride,
                first_values_.values + token * first_values_.stride);
  run(layer, Result::kFinal);
  return {final_.data(), width_, count_};
}

void Transformer::embed(std::span<const std::int32_t> ids) {
  const Positions& positions = model().positions();
  for (std::int64_t token = 0; token < count_; ++token) {
    std::copy_n(weights_.embedding + ids[static_cast<std::size_t>(token)] * width_, width_,
                x_.values + token * width_);
  }
  tap({Tap::kEmbedding}, {count_, width_}, x_.values);
  if (positions.added(before_) == nullptr) return;
  const auto add = [&](auto position_of) {
    for (std::int64_t token = 0; token < count_; ++token) {
      const float* position = position_of(token);
      float* x = x_.values + token * width_;
      for (std::int64_t at = 0; at < width_; ++at) x[at] += position[at];
    }
  };
  if (wants({Tap::kPosition})) {
    std::vector<float> added;
    for (std::int64_t token = 0; token < count_; ++token) {
      const float* position = positions.added(before_ + token);
      added.insert(added.end(), position, position + width_);
    }
    tap({Tap::kPosition}, {count_, width_}, added.data());
    add([&](std::int64_t token) { return added.data() + token * width_; });
  } else {
    add([&](std::int64_t token) { return positions.added(before_ + token); });
  }
}

void Transformer::run(std::int64_t layer, Result result) {
  first_layer_ = layer;
  result_ = result;
  if (taps_ != nullptr) {
    team_.run_alone(work_);
  } else {
    lone_runs_.run(team_, work_);
  }
  before_ += count_;
}

void Transformer::pass(int member) {
  for (std::int64_t layer = first_layer_; layer < config_.layers; ++layer) {
    tap({Tap::kInput, layer}, {count_, width_}, x_.values);
    if (config_.has_attention()) attend(layer, member);
    tap({Tap::kMiddle, layer}, {count_, width_}, x_.values);
    if (config_.has_feed_forward()) feed_forward(layer, member);
    tap({Tap::kOutput, layer}, {count_, width_}, x_.values);
  }
  switch (result_) {
    case Result::kFinal: {
      const base::Share tokens = team_.share(count_, member);
      model().normalise(weights_.norm, tokens.end - tokens.begin, x_.values + tokens.begin * width_,
                        final_at_ + tokens.begin * width_);
      tap_final();
      break;
    }
    case Result::kNextLogits: {
      float* normed = own_[static_cast<std::size_t>(member)].normed;
      model().normalise(weights_.norm, 1, x_.values + (count_ - 1) * width_, normed);
      multiply(weights_.output, {normed, width_, 1}, {logits_.data(), model().vocabulary(), 1},
               false, member);
      break;
    }
    case Result::kNothing:
      break;
  }
}

void Transformer::tap_final() {
  tap({Tap::kFinal}, {count_, width_}, final_at_);
  if (!wants({Tap::kLogits})) return;
  std::vector<float> logits(static_cast<std::size_t>(count_ * model().vocabulary()));
  model().logits({final_at_, width_, count_}, {logits.data(), model().vocabulary(), count_});
  tap({Tap::kLogits}, {count_, model().vocabulary()}, logits.data());
}

void Transformer::attend(std::int64_t layer, int member) {
  const AttentionWeights& weights = *weights_.blocks[static_cast<std::size_t>(layer)].attention;
  const Own& own = own_[static_cast<std::size_t>(member)];

  // Each member normalizes by itself, which is faster than a barrier.
  normalise(weights.norm, own.normed);
  tap({Tap::kAttentionNorm, layer}, {count_, width_}, own.normed);
  const Rows normed = {own.normed, width_, count_};
  if (weights.input) {
    multiply(*weights.input, normed, uniform_ ? values() : queries(), false, member);
  } else {
    const base::Share share = team_.share(width_, member);
    for (const MutableRows& side : {queries(), keys(), values()}) {
      for (std::int64_t token = 0; token < count_; ++token) {
        std::copy(normed.values + token * width_ + share.begin,
                  normed.values + token * width_ + share.end,
                  side.values + token * side.stride + share.begin);
      }
    }
  }
  team_.meet(member);
  const base::Share heads = team_.share(shared_heads_, member);
  if (weights.value_mix != nullptr) mix_values(weights.value_mix, heads);
  if (!uniform_) {
    for (std::int64_t head = heads.begin; head < heads.end; ++head) prepare(weights, head);
    tap_heads({Tap::kQuery, layer}, config_.heads, queries());
    tap_heads({Tap::kKey, layer}, shared_heads_, keys());
  }
  tap_heads({Tap::kValue, layer}, shared_heads_, values());
  if (layer == 0 && config_.attention.value_residual) keep_values(heads);
  for (std::int64_t head = heads.begin; head < heads.end; ++head) store(layer, head);
  const bool maps = wants({Tap::kScores, layer}) || wants({Tap::kScaled, layer}) ||
                    wants({Tap::kMasked, layer}) || wants({Tap::kWeights, layer});
  if (maps) {
    attend_with_maps(layer, own.scores);
  } else {
    for (std::int64_t head = heads.begin; head < heads.end; ++head)
      attend_head(layer, head, own.scores);
  }
  tap_heads({Tap::kMixed, layer}, config_.heads, {mixed_.values, mixed_.stride, count_});
  team_.meet(member);
  add_to_stream(weights.output, {mixed_.values, mixed_.stride, count_},
                {Tap::kAttentionOutput, layer}, member);
}

void Transformer::prepare(const AttentionWeights& weights, std::int64_t shared_head) {
  const auto prepared = [&](const std::optional<kernels::NormShape>& norm, std::int64_t heads,
                            MutableRows rows) {
    if (norm) {
      kernels::NormShape shape = *norm;
      shape.rows = count_;
      loops_.over_floats.norm.heads(shape, heads, rows.stride, rows.values, nullptr, rows.values);
    }
    model().positions().rotate(before_, heads, rows);
  };
  prepared(weights.key_norm, 1, part(keys(), 0, count_, shared_head * head_width_));
  prepared(weights.query_norm, group_,
           part(queries(), 0, count_, shared_head * group_ * head_width_));
}

void Transformer::mix_values(const float* mix, base::Share heads) {
  const std::int64_t first = heads.begin * head_width_;
  const kernels::MixShape shape{.rows = count_,
                                .width = (heads.end - heads.begin) * head_width_,
                                .stride = values().stride,
                                .first_stride = first_values_.stride};
  float* own = values().values + first;
  loops_.over_floats.tokens.mix(shape, mix, own, first_values_.values + first, own);
}

void Transformer::keep_values(base::Share heads) {
  for (std::int64_t token = 0; token < count_; ++token) {
    std::copy(values().values + token * values().stride + heads.begin * head_width_,
              values().values + token * values().stride + heads.end * head_width_,
              first_values_.values + token * first_values_.stride + heads.begin * head_width_);
  }
}

void Transformer::store(std::int64_t layer, std::int64_t shared_head) {
  const std::int64_t column = shared_head * head_width_;
  for (std::int64_t token = 0; token < count_; ++token) {
    cache_.store(layer, shared_head, before_ + token,
                 keys().values + token * heads_.stride + column,
                 values().values + token * heads_.stride + column);
  }
}

void Transformer::attend_head(std::int64_t layer, std::int64_t shared_head, float* scores) {
  for (std::int64_t head = shared_head * group_; head < (shared_head + 1) * group_; ++head) {
    const float slope = uniform_ ? 0 : model().positions().slope(head);
    std::int64_t count = 0;
    for (std::int64_t first = 0; first < count_; first += count) {
      count = many_at_once(count_ - first, kQueries);
      const std::int64_t keys = open_keys(before_ + first + count - 1);
      const MutableRows rows = score(layer, head, first, count, keys, scores);
      for (std::int64_t row = 0; row < count; ++row) {
        const std::int64_t query = before_ + first + row;
        loops_.softmax.softmax(query, open_keys(query), rows.stride, scale_, slope,
                               rows.values + row * rows.stride);
      }
      mix(layer, head, first, readable(rows), keys);
    }
  }
}

MutableRows Transformer::score(std::int64_t layer, std::int64_t head, std::int64_t first,
                               std::int64_t count, std::int64_t keys, float* scores) const {
  const Panels matrix = cache_.keys(layer, head / group_, keys);
  const MutableRows rows = {scores, matrix.outputs, count};
  if (uniform_) {
    std::fill_n(scores, count * rows.stride, 0.0F);
  } else {
    model().multiply(matrix, readable(part(queries(), first, count, head * head_width_)), rows);
  }
  return rows;
}

void Transformer::mix(std::int64_t layer, std::int64_t head, std::int64_t first, Rows weights,
                      std::int64_t keys) {
  model().multiply(cache_.values(layer, head / group_, keys), weights,
                   part(mixed_, first, weights.count, head * head_width_));
}

void Transformer::attend_with_maps(std::int64_t layer, float* scores) {
  const std::int64_t keys = before_ + count_;
  base::Array maps({config_.heads, count_, keys});
  const bool stages = !uniform_ && (wants({Tap::kScores, layer}) || wants({Tap::kScaled, layer}) ||
                                    wants({Tap::kMasked, layer}));
  float* map = maps.values.data();
  for (std::int64_t head = 0; head < config_.heads; ++head) {
    const float slope = uniform_ ? 0 : model().positions().slope(head);
    std::int64_t count = 0;
    for (std::int64_t first = 0; first < count_; first += count) {
      count = many_at_once(count_ - first, kQueries);
      const MutableRows rows = score(layer, head, first, count, keys, scores);
      for (std::int64_t row = 0; row < count; ++row, map += keys) {
        const std::int64_t query = before_ + first + row;
        float* of_query = rows.values + row * rows.stride;
        if (!stages)
          loops_.softmax.softmax(query, open_keys(query), rows.stride, scale_, slope, of_query);
        std::copy_n(of_query, keys, map);
      }
    }
  }
  if (stages) tap_scores(layer, maps, scores);
  tap({Tap::kWeights, layer}, {config_.heads, count_, keys}, maps.values.data());
  for (std::int64_t head = 0; head < config_.heads; ++head)
    mix(layer, head, 0, {maps.values.data() + head * count_ * keys, keys, count_}, keys);
}

void Transformer::tap_scores(std::int64_t layer, base::Array& maps, float* scores) {
  const std::int64_t keys = before_ + count_;
  const auto see = [&](Tap which) {
    tap({which, layer}, {config_.heads, count_, keys}, maps.values.data());
  };
  see(Tap::kScores);
  for (float& value : maps.values) value *= scale_;
  see(Tap::kScaled);
  float* map = maps.values.data();
  for (std::int64_t head = 0; head < config_.heads; ++head) {
    const float slope = model().positions().slope(head);
    for (std::int64_t query = before_; query < keys; ++query, map += keys) {
      for (std::int64_t key = 0; key < keys; ++key) {
        if (key < open_keys(query)) {
          map[key] -= slope * static_cast<float>(std::abs(query - key));
        } else {
          map[key] = -std::numeric_limits<float>::infinity();
        }
      }
    }
  }
  see(Tap::kMasked);
  for (map = maps.values.data(); map != maps.values.data() + maps.values.size(); map += keys) {
    std::copy_n(map, keys, scores);  // a row of whole vectors
    loops_.softmax.softmax(0, keys, cache_.whole_panels(keys), 1, 0, scores);
    std::copy_n(scores, keys, map);
  }
}

void Transformer::feed_forward(std::int64_t layer, int member) {
  const FeedForwardWeights& weights =
      *weights_.blocks[static_cast<std::size_t>(layer)].feed_forward;
  float* own = own_[static_cast<std::size_t>(member)].normed;
  normalise(weights.norm, own);
  tap({Tap::kFeedForwardNorm, layer}, {count_, width_}, own);
  const Rows normed = {own, width_, count_};
  if (weights.gate) multiply(*weights.gate, normed, gate_, false, member);
  const base::Share share = multiply(weights.up, normed, hidden_, false, member);
  for (std::int64_t token = 0; token < count_; ++token) {
    float* hidden = hidden_.values + token * hidden_.stride + share.begin;
    if (weights.gate) {
      const float* gate = gate_.values + token * gate_.stride + share.begin;
      loops_.over_floats.activation.gate(share.end - share.begin, gate, hidden);
    } else {
      loops_.over_floats.activation.apply(config_.feed_forward.activation, share.end - share.begin,
                                          hidden);
    }
  }
  tap({Tap::kHidden, layer}, {count_, config_.feed_forward.width}, hidden_.values);
  team_.meet(member);
  add_to_stream(weights.down, {hidden_.values, hidden_.stride, count_},
                {Tap::kFeedForwardOutput, layer}, member);
}

void Transformer::add_to_stream(const Panels& matrix, Rows in, const TapPlace& place, int member) {
  if (!wants(place)) {
    multiply(matrix, in, {x_.values, width_, count_}, true, member);
    return team_.meet(member);
  }
  std::vector<float> output(static_cast<std::size_t>(count_ * width_));
  multiply(matrix, in, {output.data(), width_, count_}, false, member);
  tap(place, {count_, width_}, output.data());
  for (std::size_t at = 0; at < output.size(); ++at) x_.values[at] += output[at];
}

void Transformer::normalise(const kernels::NormShape& norm, float* normed) const {
  model().normalise(norm, count_, x_.values, normed);
}

base::Share Transformer::multiply(const Panels& matrix, Rows x, MutableRows y, bool add,
                                  int member) const {
  const std::int64_t lanes = loops_.panels.lanes;
  const base::Share panels = team_.share(kernels::panels_of(matrix.outputs, lanes), member);
  loops_.panels.multiply(matrix, panels.begin, panels.end, x, y, add);
  return {std::min(panels.begin * lanes, matrix.outputs),
          std::min(panels.end * lanes, matrix.outputs)};
}

void Transformer::tap(const TapPlace& place, std::initializer_list<std::int64_t> shape,
                      float* values) const {
  if (wants(place)) taps_->see(place, {{shape.begin(), shape.size()}, values});
}

void Transformer::tap_heads(const TapPlace& place, std::int64_t heads, MutableRows rows) const {
  if (!wants(place)) return;
  base::Array value({heads, rows.count, head_width_});
  const auto each_row = [&](auto use) {
    float* of_head = value.values.data();
    for (std::int64_t head = 0; head < heads; ++head) {
      for (std::int64_t token = 0; token < rows.count; ++token, of_head += head_width_)
        use(rows.values + token * rows.stride + head * head_width_, of_head);
    }
  };
  each_row([&](const float* row, float* copy) { std::copy_n(row, head_width_, copy); });
  taps_->see(place, value.view());
  each_row([&](float* row, const float* copy) { std::copy_n(copy, head_width_, row); });
}

}  // namespace qkv::engine
