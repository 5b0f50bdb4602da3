#include "text/tokenizer/sample.h"

#include <algorithm>

#include "base/random.h"
#include "base/utf8.h"

namespace qkv::text {
namespace {

constexpr std::uint64_t kChunkBytes = 65536;
constexpr std::uint64_t kSeed = 0;  // its own seed: the tokenizer does not depend on the run's seed

// Where to end a chunk of at most `most` bytes: after a line, else after a word, else between
// characters. REQUIRES text.size() > most ≥ 4.
std::size_t cut(std::string_view text, std::size_t most) {
  for (const char separator : {'\n', ' '}) {
    const std::size_t found = text.substr(0, most).rfind(separator);
    if (found != std::string_view::npos) return found + 1;
  }
  while (base::continues_character(text[most])) --most;
  return most;
}

}  // namespace

TextSample::TextSample(std::uint64_t limit)
    : limit_(limit), chunk_bytes_(std::clamp<std::uint64_t>(limit, 4, kChunkBytes)) {}

void TextSample::add(std::string_view block) {
  pending_ += block;
  std::size_t begin = 0;
  while (pending_.size() - begin > chunk_bytes_) {
    const std::string_view rest = std::string_view(pending_).substr(begin);
    const std::size_t size = cut(rest, chunk_bytes_);
    keep(rest.substr(0, size));
    begin += size;
  }
  pending_.erase(0, begin);
}

void TextSample::keep(std::string_view text) {
  const std::uint64_t key = base::stream_key(kSeed, base::Purpose::kTokenizerSample, {count_++});
  kept_bytes_ += text.size();
  chunks_.push({key, std::string(text), at_line_start_});
  at_line_start_ = text.ends_with('\n');
  while (kept_bytes_ > limit_ && chunks_.size() > 1) {
    kept_bytes_ -= chunks_.top().text.size();
    chunks_.pop();
  }
}

std::vector<TextSample::Chunk> TextSample::take() {
  if (!pending_.empty()) keep(pending_);
  pending_.clear();
  std::vector<Chunk> out;
  for (; !chunks_.empty(); chunks_.pop()) out.push_back(chunks_.top());
  return out;
}

}  // namespace qkv::text
