#include "generate/reader.h"

#include <algorithm>

namespace qkv::generate {

Reader::Reader(const engine::Model& model, int threads)
    : context_(static_cast<std::size_t>(model.config().context)),
      reader_(engine::make_reader(model, threads)) {
  window_.reserve(context_);
}

std::span<const float> Reader::read(std::span<const std::int32_t> ids) {
  if (window_.size() + ids.size() <= context_) {
    window_.insert(window_.end(), ids.begin(), ids.end());
    return reader_->next(ids);
  }
  // Cached keys include their positions, so a shifted window is read again; shifting by half makes
  // this rare.
  const std::size_t kept = std::max<std::size_t>(1, context_ / 2);
  if (ids.size() >= kept) {
    window_.clear();
    ids = ids.last(kept);
  } else {
    const std::size_t old = std::min(kept - ids.size(), window_.size());
    window_.erase(window_.begin(), window_.end() - static_cast<std::ptrdiff_t>(old));
  }
  window_.insert(window_.end(), ids.begin(), ids.end());
  reader_->forget();
  return reader_->next(window_);
}

}  // namespace qkv::generate
