#include "generate/stop_texts.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace qkv::generate {

std::string StopTexts::add(const std::string& part) {
  if (found_) return {};
  pending_ += part;
  std::size_t first_end = std::string::npos;
  std::size_t begin = 0;
  for (const std::string& text : texts_) {
    const std::size_t at = pending_.find(text);
    if (at == std::string::npos) continue;
    const std::size_t end = at + text.size();
    if (end > first_end || (end == first_end && at >= begin)) continue;
    first_end = end;
    begin = at;
  }
  if (first_end != std::string::npos) {
    found_ = true;
    return std::exchange(pending_, {}).substr(0, begin);
  }
  std::size_t held = 0;
  for (const std::string& text : texts_) {
    std::size_t size = std::min(text.size() - 1, pending_.size());
    while (size > held && !std::string_view(pending_).ends_with(text.substr(0, size))) --size;
    held = std::max(held, size);
  }
  std::string out = pending_.substr(0, pending_.size() - held);
  pending_.erase(0, out.size());
  return out;
}

std::string StopTexts::finish() { return std::exchange(pending_, {}); }

}  // namespace qkv::generate
