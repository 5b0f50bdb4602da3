#include "text/learning.h"

#include <sentencepiece_trainer.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/utf8.h"
#include "text/sample.h"
#include "text/segments.h"

namespace qkv {
namespace {

using Counts = std::unordered_map<std::string, std::uint64_t>;
using Counted = std::vector<std::pair<std::string, std::uint64_t>>;

constexpr std::int64_t kReservedIds = 4 + 256;  // specials and bytes
constexpr std::size_t kMostSegments = std::size_t{1} << 22U;

TextSample read_sample(const TokenizerConfig& config,
                       const std::function<std::string_view()>& next_block) {
  TextSample sample(static_cast<std::uint64_t>(config.sample_bytes));
  std::uint64_t offset = 0;
  while (true) {
    const std::string_view block = next_block();
    if (block.empty()) break;
    require_utf8(block, "text", offset);
    sample.add(block);
    offset += block.size();
  }
  if (offset == 0) throw Error("tokenizer: found an empty text, expected at least one character");
  return sample;
}

Counts count_segments(const std::vector<TextSample::Chunk>& chunks, Segmenter::Rule rule,
                      Newlines newlines) {
  Counts counts;
  std::string text;
  for (const TextSample::Chunk& chunk : chunks) {
    Segmenter segmenter(chunk.text, rule, chunk.at_line_start);
    Segment segment;
    while (segmenter.next(segment)) {
      if (segment.reserved || (newlines == Newlines::kSkipped && segment.text == "\n")) continue;
      text.assign(segment.added_space ? " " : "").append(segment.text);
      ++counts[text];
    }
  }
  // A text of nothing but reserved characters is no error, yet the trainer needs something.
  if (counts.empty()) counts[" "] = 1;
  return counts;
}

/// Most frequent first, ties by bytes.
Counted sorted(const Counts& counts) {
  Counted out(counts.begin(), counts.end());
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  return out;
}

std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> out;
  for (std::size_t offset = 0; offset < text.size(); offset += out.back().size()) {
    out.push_back(text.substr(offset, decode_utf8(text, offset)->size));
  }
  return out;
}

/// Segments without the characters that find no room among `most` pieces: what stands between them
/// remains. bpe and unigram need a piece for each character that they see.
Counts drop_rare_characters(const Counts& counts, std::size_t most) {
  Counts frequency;
  for (const auto& [segment, count] : counts) {
    for (const std::string_view character : characters(segment))
      frequency[std::string(character)] += count;
  }
  if (frequency.size() <= most) return counts;
  Counted ranked = sorted(frequency);
  ranked.resize(most);
  const Counts kept(ranked.begin(), ranked.end());
  Counts out;
  for (const auto& [segment, count] : counts) {
    std::string run;
    for (const std::string_view character : characters(segment)) {
      if (kept.contains(std::string(character))) {
        run += character;
      } else if (!run.empty()) {
        out[std::exchange(run, {})] += count;
      }
    }
    if (!run.empty()) out[run] += count;
  }
  return out;
}

/// Hands segments to SentencePiece in its form "segment<tab>count".
class LinesToLearn final : public sentencepiece::SentenceIterator {
 public:
  explicit LinesToLearn(Counted segments) : segments_(std::move(segments)) { set_line(); }
  bool done() const override { return index_ >= segments_.size(); }
  void Next() override {
    ++index_;
    set_line();
  }
  const std::string& value() const override { return line_; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  void set_line() {
    if (done()) return;
    line_ = segments_[index_].first;
    line_ += '\t';
    line_ += std::to_string(segments_[index_].second);
  }

  Counted segments_;
  std::size_t index_ = 0;
  std::string line_;
};

}  // namespace

std::string learn_pieces(const TokenizerConfig& config,
                         const std::function<std::string_view()>& next_block, Newlines newlines) {
  constexpr std::int64_t kMostPieces = std::numeric_limits<std::int32_t>::max() / 2;
  if (config.vocabulary < 1 || config.vocabulary > kMostPieces) {
    throw Error(
        concat("tokenizer.vocabulary: found ", config.vocabulary, ", expected 1 to ", kMostPieces));
  }
  if (config.sample_bytes < 1) {
    throw Error(
        concat("tokenizer.sample_bytes: found ", config.sample_bytes, ", expected at least 1"));
  }
  const bool by_character = config.kind == "char";
  const bool needs_characters = config.kind == "bpe" || config.kind == "unigram";
  Counts counts = count_segments(
      read_sample(config, next_block).take(),
      by_character ? Segmenter::Rule::kCharacters : Segmenter::Rule::kWords, newlines);
  if (needs_characters)
    counts = drop_rare_characters(counts, static_cast<std::size_t>(config.vocabulary));
  Counted segments = sorted(counts);
  // Bounds the trainer's time and memory; the rest are segments seen least.
  if (segments.size() > kMostSegments) segments.resize(kMostSegments);
  std::sort(segments.begin(), segments.end());

  const std::unordered_map<std::string, std::string> options = {
      {"model_type", config.kind},
      {"vocab_size", std::to_string(config.vocabulary + kReservedIds)},
      {"hard_vocab_limit", "false"},
      {"input_format", "tsv"},
      {"byte_fallback", "true"},
      {"character_coverage", "1.0"},
      {"normalization_rule_name", "identity"},
      {"add_dummy_prefix", "false"},
      {"remove_extra_whitespaces", "false"},
      {"unk_id", "0"},
      {"bos_id", "1"},
      {"eos_id", "2"},
      {"pad_id", "-1"},
      {"control_symbols", "<mask>"},
      {"num_threads", "1"},  // sums of floats must not depend on the machine
      {"minloglevel", "3"},
  };
  LinesToLearn lines(std::move(segments));
  std::string model;
  const auto status = sentencepiece::SentencePieceTrainer::Train(options, &lines, &model);
  if (!status.ok()) {
    throw Error(concat("tokenizer: SentencePiece learned no ", config.kind,
                       " pieces: ", quoted(status.message(), 200)));
  }
  return model;
}

}  // namespace qkv
