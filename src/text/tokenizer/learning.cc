#include "text/tokenizer/learning.h"

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
#include "text/tokenizer/sample.h"
#include "text/tokenizer/segments.h"

namespace qkv::text {
namespace {

using Counts = std::unordered_map<std::string, std::uint64_t>;
using Counted = std::vector<std::pair<std::string, std::uint64_t>>;

// A NormalizerSpec in protobuf's wire format, appended to a model: add_dummy_prefix. The segments
// for the trainer already have their spaces, but another program that opens the model must put a
// space before the first word, as qkv does at the start of a line.
constexpr std::string_view kDummyPrefix("\x1A\x02\x18\x01", 4);
constexpr std::int64_t kReservedIds = 4 + 256;  // specials and bytes
constexpr std::size_t kMostSegments = std::size_t{1} << 22U;

TextSample read_sample(const config::TokenizerConfig& config,
                       const std::function<std::string_view()>& next_block) {
  TextSample sample(static_cast<std::uint64_t>(config.sample_bytes));
  std::uint64_t offset = 0;
  while (true) {
    const std::string_view block = next_block();
    if (block.empty()) break;
    base::require_utf8(block, "text", offset);
    sample.add(block);
    offset += block.size();
  }
  if (offset == 0)
    throw base::Error("tokenizer: found an empty text, expected at least one character");
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
  // A text that consists only of reserved characters is no error, yet the trainer needs some input.
  if (counts.empty()) counts[" "] = 1;
  return counts;
}

/// Most frequent first; ties are in the order of their bytes.
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
    out.push_back(text.substr(offset, base::decode_utf8(text, offset)->size));
  }
  return out;
}

/// Whether the trainer needs a piece for each character in its input.
bool needs_characters(spec::TokenizerKind kind) {
  switch (kind) {
    case spec::TokenizerKind::kBpe:
    case spec::TokenizerKind::kUnigram:
      return true;
    case spec::TokenizerKind::kWord:
    case spec::TokenizerKind::kChar:
      break;
  }
  return false;
}

/// Segments without the characters for which `most` pieces have no room: only the parts between
/// these characters remain.
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

/// A line of the trainer's input: text and its count.
struct Line {
  std::string text;
  std::uint64_t count = 0;
};

/// How many lines the trainer's `candidates` get at most, so that their total is bounded.
std::uint64_t most_copies(const Counted& ranked, std::size_t candidates) {
  constexpr std::uint64_t kMostCopies = 2048;
  constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 24U;
  for (std::uint64_t copies = kMostCopies; copies > 1; copies /= 2) {
    std::uint64_t bytes = 0;
    for (std::size_t index = 0; index < candidates; ++index)
      bytes += (ranked[index].first.size() + 1) * std::min(copies, ranked[index].second);
    if (bytes <= kMostBytes) return copies;
  }
  return 1;
}

/// Appends the lines for a segment that may become a single piece. The unigram trainer considers
/// strings that appear at least twice in its lines, each time before another character (the end of
/// a line is one), and weights them by the number of lines, not by their counts. So the first line
/// continues after the segment: with the segment itself if it begins with a space, since the
/// trainer cuts there, otherwise with a space. The counts stay the same, except for this space.
void add_candidate(const std::string& segment, std::uint64_t count, std::uint64_t copies,
                   std::vector<Line>& lines) {
  const bool spaced = segment.front() == ' ';
  lines.push_back({segment + (spaced ? segment : " "), 1});
  std::uint64_t left = count - (spaced ? 2 : 1);
  for (std::uint64_t copy = 1; copy < copies && left > 1; ++copy, --left)
    lines.push_back({segment, 1});
  if (left > 0) lines.push_back({segment, left});
}

/// The lines for the trainer, from segments ordered by frequency: one per segment, except for
/// unigram, where the `vocabulary` most frequent segments are offered as pieces.
std::vector<Line> lines_of(Counted ranked, const config::TokenizerConfig& config) {
  std::size_t candidates = 0;
  if (config.kind == spec::TokenizerKind::kUnigram) {
    candidates = std::min(ranked.size(), static_cast<std::size_t>(config.vocabulary));
    while (candidates > 0 && ranked[candidates - 1].second < 2) --candidates;
  }
  const std::uint64_t copies = most_copies(ranked, candidates);
  const bool has_space = std::any_of(ranked.begin(), ranked.end(), [](const auto& segment) {
    return segment.first.find(' ') != std::string::npos;
  });
  const auto middle = ranked.begin() + static_cast<std::ptrdiff_t>(candidates);
  std::sort(ranked.begin(), middle);
  std::sort(middle, ranked.end());
  std::vector<Line> lines;
  bool has_lone_character = false;
  for (auto segment = ranked.begin(); segment != ranked.end(); ++segment) {
    const auto& [text, count] = *segment;
    const bool is_lone_character = characters(text).size() == 1;
    has_lone_character |= is_lone_character;
    if (segment < middle && has_space && !is_lone_character) {
      add_candidate(text, count, copies, lines);
    } else {
      lines.push_back({text, count});
    }
  }
  // The unigram trainer ends the process if every piece has an expected count below one half, as in
  // a text of one word "aaaaaaaaaaaaaaa". A single character can be spelled in only one way.
  if (config.kind == spec::TokenizerKind::kUnigram && !has_lone_character)
    lines.push_back({std::string(characters(lines.front().text).front()), 1});
  return lines;
}

/// Passes lines to SentencePiece in its format "text<tab>count".
class LinesToLearn final : public sentencepiece::SentenceIterator {
 public:
  explicit LinesToLearn(std::vector<Line> lines) : lines_(std::move(lines)) { set_line(); }
  bool done() const override { return index_ >= lines_.size(); }
  void Next() override {
    ++index_;
    set_line();
  }
  const std::string& value() const override { return line_; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  void set_line() {
    if (done()) return;
    line_ = lines_[index_].text;
    line_ += '\t';
    line_ += std::to_string(lines_[index_].count);
  }

  std::vector<Line> lines_;
  std::size_t index_ = 0;
  std::string line_;
};

}  // namespace

std::string learn_pieces(const config::TokenizerConfig& config,
                         const std::function<std::string_view()>& next_block, Newlines newlines) {
  constexpr std::int64_t kMostPieces = std::numeric_limits<std::int32_t>::max() / 2;
  if (config.vocabulary < 1 || config.vocabulary > kMostPieces) {
    throw base::Error(base::concat("tokenizer.vocabulary: found ", config.vocabulary,
                                   ", expected 1 to ", kMostPieces));
  }
  if (config.sample_bytes < 1) {
    throw base::Error(base::concat("tokenizer.sample_bytes: found ", config.sample_bytes,
                                   ", expected at least 1"));
  }
  const Segmenter::Rule rule = rule_of(config.kind);
  Counts counts = count_segments(read_sample(config, next_block).take(), rule, newlines);
  if (needs_characters(config.kind))
    counts = drop_rare_characters(counts, static_cast<std::size_t>(config.vocabulary));
  Counted segments = sorted(counts);
  // Limits the trainer's time and memory; the omitted segments are the rarest.
  if (segments.size() > kMostSegments) segments.resize(kMostSegments);
  const std::unordered_map<std::string, std::string> options = {
      {"model_type", std::string(spec::name_of(config.kind))},
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
  LinesToLearn lines(lines_of(std::move(segments), config));
  std::string model;
  const auto status = sentencepiece::SentencePieceTrainer::Train(options, &lines, &model);
  if (!status.ok()) {
    throw base::Error(base::concat("tokenizer: SentencePiece learned no ", config.kind,
                                   " pieces: ", base::quoted(status.message(), 200)));
  }
  if (rule == Segmenter::Rule::kWords) model += kDummyPrefix;
  return model;
}

}  // namespace qkv::text
