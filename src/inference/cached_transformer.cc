#include "inference/cached_transformer.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "spec/weights.h"

namespace qkv::inference {
namespace {

/// The most tokens that go through the layers together; each weight is loaded once for all of them.
constexpr std::int64_t kBlock = 48;

/// Reading a layer's weights takes about as long as five barriers if a member has this many.
int useful_members(const spec::ModelConfig& config, std::int64_t vocabulary, int most) {
  constexpr double kWeightsOfAMember = 65536;
  const double weights =
      spec::count_parameters(config, vocabulary) / static_cast<double>(config.layers);
  return std::clamp(static_cast<int>(std::min(weights / kWeightsOfAMember, 1024.0)), 1,
                    std::max(most, 1));
}

}  // namespace

CachedTransformer::CachedTransformer(const spec::ModelConfig& config, std::int64_t vocabulary,
                                     const FindWeight& find, int threads,
                                     const Arithmetic& arithmetic)
    : arithmetic_(arithmetic),
      config_(config),
      vocabulary_(vocabulary),
      identity_(config.attention.projection == spec::Projection::kIdentity),
      even_(config.attention.weights == spec::Weighting::kUniform),
      shared_heads_(identity_ ? config.heads : config.key_value_heads),
      activation_(config.feed_forward.activation),
      members_(useful_members(config, vocabulary, threads)),
      weights_(prepare_weights(config, vocabulary, find, arithmetic.lanes, memory_)),
      places_(config, weights_.positions),
      cache_(config, shared_heads_, arithmetic.lanes),
      team_(members_),
      work_([this](int member) { pass(member); }) {
  const std::int64_t block = std::min(kBlock, config.context);
  const auto floats = [&](std::int64_t count) {
    return memory_.take(static_cast<std::size_t>(count));
  };
  const auto rows = [&](std::int64_t columns) {
    return MutableRows{.values = floats(block * columns), .stride = columns, .count = block};
  };
  x_ = rows(config.width);
  heads_ = rows(config.width + 2 * shared_heads_ * config.head_width());
  mixed_ = rows(config.width);
  gate_ = rows(config.feed_forward.width);
  hidden_ = rows(config.feed_forward.width);
  logits_ = floats(vocabulary);
  for (int member = 0; member < members_; ++member) {
    own_.push_back({.normed = floats(block * config.width),
                    .scores = floats(block * cache_.whole_panels(config.context))});
  }
}

std::span<const float> CachedTransformer::read(std::span<const std::int32_t> ids) {
  const auto more = static_cast<std::int64_t>(ids.size());
  if (tokens_ + more > config_.context) {
    throw base::Error(base::concat("found ", tokens_ + more,
                                   " tokens, expected at most the context of ", config_.context));
  }
  for (const std::int32_t id : ids) {
    if (id < 0 || id >= vocabulary_)
      throw base::Error(base::concat("found the id ", id, ", expected one below ", vocabulary_));
  }
  while (!ids.empty()) {
    const std::size_t count = std::min(ids.size(), static_cast<std::size_t>(x_.count));
    count_ = static_cast<std::int64_t>(count);
    for (std::int64_t token = 0; token < count_; ++token) {
      float* x = x_.values + token * x_.stride;
      std::copy_n(weights_.embedding + ids[static_cast<std::size_t>(token)] * config_.width,
                  config_.width, x);
      places_.add(tokens_ + token, x);
    }
    ids = ids.subspan(count);
    wants_logits_ = ids.empty();
    team_.run(work_);
    tokens_ += count_;
  }
  return {logits_, static_cast<std::size_t>(vocabulary_)};
}

void CachedTransformer::pass(int member) {
  for (std::int64_t layer = 0; layer < config_.layers; ++layer) {
    const LayerWeights& weights = weights_.layers[static_cast<std::size_t>(layer)];
    if (weights.attention) attend(layer, member);
    if (weights.feed_forward) feed_forward(*weights.feed_forward, member);
  }
  if (!wants_logits_) return;
  float* normed = own_[static_cast<std::size_t>(member)].normed;
  arithmetic_.normalise(weights_.norm, config_.width, x_.values + (count_ - 1) * x_.stride, normed);
  multiply(weights_.output, {normed, config_.width, 1}, {logits_, vocabulary_, 1}, false, member);
}

void CachedTransformer::attend(std::int64_t layer, int member) {
  const AttentionWeights& weights = *weights_.layers[static_cast<std::size_t>(layer)].attention;
  const Own& own = own_[static_cast<std::size_t>(member)];
  const std::int64_t width = config_.width;
  const std::int64_t shared = shared_heads_ * config_.head_width();

  // Each member normalizes by itself, which is faster than a barrier.
  normalise(weights.norm, own.normed);
  const Rows normed = {own.normed, width, count_};
  const MutableRows value = {heads_.values + width + shared, heads_.stride, count_};
  if (weights.input) {
    multiply(*weights.input, normed, even_ ? value : heads_, false, member);
  } else {
    const Share part = team_.share(width, member);
    for (std::int64_t token = 0; token < count_; ++token) {
      for (const std::int64_t begin : {std::int64_t{0}, width, 2 * width}) {
        std::copy(normed.values + token * width + part.begin,
                  normed.values + token * width + part.end,
                  heads_.values + token * heads_.stride + begin + part.begin);
      }
    }
  }
  team_.meet(member);
  const Share heads = team_.share(shared_heads_, member);
  for (std::int64_t head = heads.begin; head < heads.end; ++head)
    look_back(layer, head, own.scores);
  team_.meet(member);
  multiply(weights.output, {mixed_.values, mixed_.stride, count_}, x_, true, member);
  team_.meet(member);
}

/// One head of keys and values, with the queries of all heads that share it.
void CachedTransformer::look_back(std::int64_t layer, std::int64_t shared_head, float* scores) {
  const std::int64_t head_width = config_.head_width();
  const std::int64_t key_at = config_.width + shared_head * head_width;
  const std::int64_t value_at = key_at + shared_heads_ * head_width;
  for (std::int64_t token = 0; token < count_; ++token) {
    float* row = heads_.values + token * heads_.stride;
    if (!even_) places_.rotate(tokens_ + token, row + key_at);
    cache_.store(layer, shared_head, tokens_ + token, row + key_at, row + value_at);
  }

  const std::int64_t seen = tokens_ + count_;
  const Panels keys = cache_.keys(layer, shared_head, seen);
  const Panels values = cache_.values(layer, shared_head, seen);
  const MutableRows score = {scores, keys.outputs, count_};
  const float scale =
      config_.attention.scaled ? 1.0F / std::sqrt(static_cast<float>(head_width)) : 1.0F;
  const std::int64_t group = config_.heads / shared_heads_;
  for (std::int64_t head = shared_head * group; head < (shared_head + 1) * group; ++head) {
    float* query = heads_.values + head * head_width;
    if (even_) {
      std::fill_n(scores, count_ * score.stride, 0.0F);
    } else {
      for (std::int64_t token = 0; token < count_; ++token)
        places_.rotate(tokens_ + token, query + token * heads_.stride);
      arithmetic_.multiply(keys, 0, panels_of(keys.outputs, arithmetic_.lanes),
                           {query, heads_.stride, count_}, score, false);
    }
    for (std::int64_t token = 0; token < count_; ++token) {
      arithmetic_.weigh(tokens_ + token + 1, score.stride, scale, even_ ? 0 : places_.slope(head),
                        scores + token * score.stride);
    }
    arithmetic_.multiply(values, 0, panels_of(head_width, arithmetic_.lanes),
                         {scores, score.stride, count_},
                         {mixed_.values + head * head_width, mixed_.stride, count_}, false);
  }
}

void CachedTransformer::feed_forward(const FeedForwardWeights& weights, int member) {
  float* own = own_[static_cast<std::size_t>(member)].normed;
  normalise(weights.norm, own);
  const Rows normed = {own, config_.width, count_};
  if (weights.gate) multiply(*weights.gate, normed, gate_, false, member);
  const Share part = multiply(weights.up, normed, hidden_, false, member);
  for (std::int64_t token = 0; token < count_; ++token) {
    float* hidden = hidden_.values + token * hidden_.stride + part.begin;
    if (weights.gate) {
      const float* gate = gate_.values + token * gate_.stride + part.begin;
      arithmetic_.gate(part.end - part.begin, gate, hidden);
    } else {
      arithmetic_.activate(activation_, part.end - part.begin, hidden);
    }
  }
  team_.meet(member);
  multiply(weights.down, {hidden_.values, hidden_.stride, count_}, x_, true, member);
  team_.meet(member);
}

void CachedTransformer::normalise(const NormWeights& norm, float* normed) const {
  for (std::int64_t token = 0; token < count_; ++token) {
    arithmetic_.normalise(norm, config_.width, x_.values + token * x_.stride,
                          normed + token * config_.width);
  }
}

Share CachedTransformer::multiply(const Panels& matrix, Rows x, MutableRows y, bool add,
                                  int member) const {
  const std::int64_t lanes = arithmetic_.lanes;
  const Share panels = team_.share(panels_of(matrix.outputs, lanes), member);
  arithmetic_.multiply(matrix, panels.begin, panels.end, x, y, add);
  return {std::min(panels.begin * lanes, matrix.outputs),
          std::min(panels.end * lanes, matrix.outputs)};
}

}  // namespace qkv::inference
