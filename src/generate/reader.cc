#include "generate/reader.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <map>
#include <string>

#include "inference/processor.h"

namespace qkv::generate {
namespace {

bool has_plain_weights(const model::Model& model) {
  const auto& weights = model.parameters().list();
  return std::all_of(weights.begin(), weights.end(), [](const auto& weight) {
    const model::Tensor& values = weight.second;
    return values.is_cpu() && values.scalar_type() == at::kFloat && values.is_contiguous();
  });
}

std::unique_ptr<inference::CachedTransformer> make_transformer(const model::Model& model) {
  if (!inference::CachedTransformer::can_be(model.config()) || !has_plain_weights(model))
    return nullptr;
  std::map<std::string, const float*> weights;
  for (const auto& [name, values] : model.parameters().list())
    weights[name] = values.const_data_ptr<float>();
  const auto find = [&](const std::string& name) {
    const auto found = weights.find(name);
    return found == weights.end() ? nullptr : found->second;
  };
  return std::make_unique<inference::CachedTransformer>(model.config(), model.vocabulary(), find,
                                                        at::get_num_threads(),
                                                        inference::best_arithmetic());
}

}  // namespace

Reader::Reader(const model::Model& model) : model_(model), transformer_(make_transformer(model)) {
  window_.reserve(static_cast<std::size_t>(model.config().context));
}

std::span<const float> Reader::read(std::span<const std::int32_t> ids) {
  const auto context = static_cast<std::size_t>(model_.config().context);
  if (window_.size() + ids.size() <= context) {
    window_.insert(window_.end(), ids.begin(), ids.end());
    return forward(ids);
  }
  // Cached keys include their positions, so a shifted window is read again; shifting by half makes
  // this rare.
  const std::size_t kept = std::max<std::size_t>(1, context / 2);
  if (ids.size() >= kept) {
    window_.clear();
    ids = ids.last(kept);
  } else {
    const std::size_t old = std::min(kept - ids.size(), window_.size());
    window_.erase(window_.begin(), window_.end() - static_cast<std::ptrdiff_t>(old));
  }
  window_.insert(window_.end(), ids.begin(), ids.end());
  cache_ = {};
  if (transformer_) transformer_->forget();
  return forward(window_);
}

std::span<const float> Reader::forward(std::span<const std::int32_t> ids) {
  return transformer_ ? transformer_->read(ids) : forward_by_model(ids);
}

std::span<const float> Reader::forward_by_model(std::span<const std::int32_t> ids) {
  const torch::NoGradGuard no_gradients;
  const model::Tensor row =
      torch::tensor(at::ArrayRef<std::int32_t>(ids.data(), ids.size()), at::kLong)
          .unsqueeze(0)
          .to(model_.device());
  const model::Tensor hidden = model_.hidden({.ids = row, .positions = {}, .documents = {}},
                                             {.taps = nullptr, .dropout = {}, .cache = &cache_});
  logits_ = model_.logits(hidden[0][-1]).to(at::kCPU, at::kFloat).contiguous();
  return {logits_.const_data_ptr<float>(), static_cast<std::size_t>(logits_.numel())};
}

}  // namespace qkv::generate
