#include "engine/key_value_cache.h"

#include <algorithm>

namespace qkv::engine {

KeyValueCache::KeyValueCache(const spec::ModelConfig& config, std::int64_t heads,
                             std::int64_t lanes)
    : heads_(heads), head_width_(config.head_width()), context_(config.context), lanes_(lanes) {
  for (std::int64_t head = 0; head < config.layers * heads_; ++head) {
    keys_.push_back(memory_.take<float>(whole_panels(context_) * head_width_).data());
    values_.push_back(memory_.take<float>(context_ * whole_panels(head_width_)).data());
  }
}

void KeyValueCache::store(std::int64_t layer, std::int64_t head, std::int64_t token,
                          const float* key, const float* value) {
  float* keys = keys_[place(layer, head)] + token / lanes_ * head_width_ * lanes_ + token % lanes_;
  for (std::int64_t at = 0; at < head_width_; ++at) keys[at * lanes_] = key[at];
  float* panel = values_[place(layer, head)] + token * lanes_;
  for (std::int64_t at = 0; at < head_width_; at += lanes_, panel += context_ * lanes_)
    std::copy_n(value + at, std::min(lanes_, head_width_ - at), panel);
}

Panels KeyValueCache::keys(std::int64_t layer, std::int64_t head, std::int64_t tokens) const {
  return {.values = keys_[place(layer, head)],
          .outputs = whole_panels(tokens),
          .inputs = head_width_,
          .stride = head_width_ * lanes_,
          .bias = nullptr};
}

Panels KeyValueCache::values(std::int64_t layer, std::int64_t head, std::int64_t tokens) const {
  return {.values = values_[place(layer, head)],
          .outputs = head_width_,
          .inputs = tokens,
          .stride = context_ * lanes_,
          .bias = nullptr};
}

}  // namespace qkv::engine
