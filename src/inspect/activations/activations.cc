#include "inspect/activations/activations.h"

#include <fnmatch.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "base/error.h"
#include "base/format.h"
#include "base/json.h"
#include "base/span.h"
#include "checkpoint/safetensors.h"
#include "config/output.h"
#include "engine/reader.h"
#include "inspect/artefacts/describe.h"
#include "inspect/inspection.h"
#include "inspect/passage.h"
#include "predict/scoring.h"

namespace qkv::inspect {
namespace fs = std::filesystem;
namespace {

/// The tokens of a text.
struct Reading {
  std::vector<std::int32_t> ids;
  std::vector<base::Span> spans;
};

std::vector<Reading> read_texts(const checkpoint::Checkpoint& checkpoint, const fs::path& path) {
  std::vector<Reading> readings;
  base::read_json_lines(path, [&](const base::JsonLine& line) {
    const auto text = line.value.is_object() ? line.value.find("text") : line.value.end();
    if (text == line.value.end() || !text->is_string())
      throw base::Error(line.where + ": found no text in \"text\", expected one");
    const Passage passage = encode_passage(checkpoint, text->get<std::string>(), line.where);
    Reading& reading = readings.emplace_back();
    reading.ids = ids_of(passage);
    for (const text::Token& token : passage.tokens)
      reading.spans.push_back({.begin = token.begin, .end = token.end});
  });
  if (readings.empty())
    throw base::Error(path.string() + ": found no text, expected at least one line");
  return readings;
}

/// A tap that is kept, and the shape of a token's row.
struct KeptTap {
  engine::TapPlace place;
  bool by_head = false;  ///< the tap is [heads, tokens, head_width]
  std::vector<std::int64_t> row;

  std::size_t row_size() const { return base::value_count(row); }
};

/// Whether the name matches as a file's would, with dots in the place of slashes: * and ? stay
/// within a part.
bool matches(std::string pattern, std::string name) {
  std::ranges::replace(pattern, '.', '/');
  std::ranges::replace(name, '.', '/');
  return ::fnmatch(pattern.c_str(), name.c_str(), FNM_PATHNAME) == 0;
}

bool is_map(engine::Tap tap) {
  return tap == engine::Tap::kScores || tap == engine::Tap::kScaled ||
         tap == engine::Tap::kMasked || tap == engine::Tap::kWeights;
}

bool has_heads(engine::Tap tap) {
  return tap == engine::Tap::kQuery || tap == engine::Tap::kKey || tap == engine::Tap::kValue ||
         tap == engine::Tap::kMixed;
}

/// Finds the taps that match by a pass over one token.
class TapFinder : public engine::Taps {
 public:
  explicit TapFinder(const std::string& pattern) : pattern_(pattern) {}

  void see(const engine::TapPlace& place, base::MutableView value) override {
    const std::string name = engine::tap_name(place);
    names_ += names_.empty() ? name : ", " + name;
    if (!matches(pattern_, name)) return;
    if (is_map(place.tap))
      throw base::Error(
          base::concat("--taps: found ", base::quoted(pattern_), ", which matches ", name,
                       ", a map of queries and keys; expected values with a row for each token"));
    KeptTap& kept = kept_.emplace_back();
    kept.place = place;
    kept.by_head = has_heads(place.tap);
    const std::span<const std::int64_t> shape = value.shape;
    if (kept.by_head) {
      kept.row = {shape[0], shape[2]};
    } else {
      kept.row = {shape[1]};
    }
  }

  /// Throws Error if there are none.
  std::vector<KeptTap> take() {
    if (kept_.empty())
      throw base::Error(base::concat("--taps: found ", base::quoted(pattern_),
                                     ", which matches no value of this model, expected one of ",
                                     names_));
    return std::move(kept_);
  }

 private:
  std::string pattern_;
  std::string names_;
  std::vector<KeptTap> kept_;
};

/// Keeps the rows of a text, [tap][token, row].
class RowKeeper : public engine::Taps {
 public:
  RowKeeper(const std::vector<KeptTap>& kept, std::vector<std::vector<float>>& rows)
      : kept_(kept), rows_(rows) {}

  bool wants(const engine::TapPlace& place) const override {
    return std::ranges::any_of(kept_, [&](const KeptTap& kept) { return kept.place == place; });
  }
  void see(const engine::TapPlace& place, base::MutableView value) override {
    for (std::size_t at = 0; at < kept_.size(); ++at)
      if (kept_[at].place == place) keep(kept_[at], value, rows_[at]);
  }

 private:
  static void keep(const KeptTap& kept, base::MutableView value, std::vector<float>& into) {
    if (!kept.by_head) {
      into.assign(value.values().begin(), value.values().end());
      return;
    }
    into.clear();
    for (std::int64_t token = 0; token < value.shape[1]; ++token) {
      for (std::int64_t head = 0; head < value.shape[0]; ++head) {
        const auto row = value[head][token].values();
        into.insert(into.end(), row.begin(), row.end());
      }
    }
  }

  const std::vector<KeptTap>& kept_;
  std::vector<std::vector<float>>& rows_;
};

template <typename Value>
std::string_view bytes_of(const std::vector<Value>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Value)};
}

/// The file's arrays: the kept taps first, then what describes the tokens.
class ActivationFile {
 public:
  ActivationFile(const fs::path& path, const std::vector<KeptTap>& kept, std::size_t tokens,
                 bool has_losses, const std::map<std::string, std::string>& notes)
      : kept_(kept), writer_(path, arrays_of(kept, tokens, has_losses), notes) {}

  /// The next text.
  void add(const Reading& reading, const std::vector<std::vector<float>>& rows,
           const std::vector<float>& losses) {
    for (std::size_t at = 0; at < kept_.size(); ++at)
      writer_.write(at, token_ * kept_[at].row_size() * sizeof(float), bytes_of(rows[at]));
    const std::vector<std::int64_t> ids(reading.ids.begin(), reading.ids.end());
    const std::vector<std::int64_t> index(ids.size(), text_);
    std::vector<std::int64_t> offsets;
    offsets.reserve(2 * ids.size());
    for (const base::Span& span : reading.spans) {
      offsets.push_back(static_cast<std::int64_t>(span.begin));
      offsets.push_back(static_cast<std::int64_t>(span.end));
    }
    std::size_t array = kept_.size();
    writer_.write(array++, token_ * sizeof(std::int64_t), bytes_of(ids));
    writer_.write(array++, token_ * sizeof(std::int64_t), bytes_of(index));
    writer_.write(array++, token_ * 2 * sizeof(std::int64_t), bytes_of(offsets));
    if (!losses.empty()) writer_.write(array, token_ * sizeof(float), bytes_of(losses));
    token_ += ids.size();
    ++text_;
  }

  void finish() { writer_.finish(); }

 private:
  static std::vector<checkpoint::PlannedArray> arrays_of(const std::vector<KeptTap>& kept,
                                                         std::size_t tokens, bool has_losses) {
    const auto count = static_cast<std::int64_t>(tokens);
    std::vector<checkpoint::PlannedArray> arrays;
    for (const KeptTap& tap : kept) {
      std::vector<std::int64_t> shape = {count};
      shape.insert(shape.end(), tap.row.begin(), tap.row.end());
      arrays.push_back({.name = engine::tap_name(tap.place),
                        .type = checkpoint::NumberType::kFloat32,
                        .shape = std::move(shape)});
    }
    const auto numbers = [&](const char* name, std::vector<std::int64_t> shape) {
      arrays.push_back(
          {.name = name, .type = checkpoint::NumberType::kInt64, .shape = std::move(shape)});
    };
    numbers("ids", {count});
    numbers("text_index", {count});
    numbers("offsets", {count, 2});
    if (has_losses)
      arrays.push_back(
          {.name = "losses", .type = checkpoint::NumberType::kFloat32, .shape = {count}});
    return arrays;
  }

  const std::vector<KeptTap>& kept_;
  checkpoint::SafetensorsWriter writer_;
  std::size_t token_ = 0;
  std::int64_t text_ = 0;
};

/// The losses of a text: of each token's next one; NaN at the last.
std::vector<float> losses_of(std::span<const predict::TargetScore> scores) {
  std::vector<float> losses;
  losses.reserve(scores.size() + 1);
  for (const predict::TargetScore& score : scores)
    losses.push_back(static_cast<float>(-score.nats));
  losses.push_back(std::numeric_limits<float>::quiet_NaN());
  return losses;
}

/// The texts from `first` to `end`, read side by side, and then written in their order.
void add_texts(const checkpoint::Checkpoint& checkpoint, std::span<const Reading> readings,
               const std::vector<KeptTap>& kept, int threads, const predict::TokenCounter& counter,
               ActivationFile& file) {
  const bool causal = checkpoint.config.model.causal();
  std::vector<std::vector<predict::Target>> targets(readings.size());
  std::vector<predict::ScoredRow> rows;
  for (std::size_t at = 0; at < readings.size(); ++at) {
    const std::vector<std::int32_t>& ids = readings[at].ids;
    for (std::size_t token = 0; causal && token + 1 < ids.size(); ++token)
      targets[at].push_back({.place = static_cast<std::int64_t>(token), .piece = ids[token + 1]});
    rows.push_back({.ids = ids, .targets = targets[at]});
  }
  std::vector<std::vector<std::vector<float>>> values(readings.size(),
                                                      std::vector<std::vector<float>>(kept.size()));
  const std::vector<predict::TargetScore> scores = predict::score_rows(
      *checkpoint.model, rows, threads, counter,
      [&](std::size_t row) { return std::make_unique<RowKeeper>(kept, values[row]); });
  std::span<const predict::TargetScore> left = scores;
  for (std::size_t at = 0; at < readings.size(); ++at) {
    file.add(readings[at], values[at],
             causal ? losses_of(left.first(targets[at].size())) : std::vector<float>());
    left = left.subspan(targets[at].size());
  }
}

std::string vocabulary_json(const text::Tokenizer& tokenizer) {
  base::Json pieces = base::Json::array();
  for (std::int32_t id = 0; id < static_cast<std::int32_t>(tokenizer.size()); ++id)
    pieces.push_back(tokenizer.piece(id));
  return base::printable_json(pieces) + "\n";
}

}  // namespace

std::string write_activations(const checkpoint::Checkpoint& checkpoint,
                              const ActivationRequest& request, int threads) {
  std::vector<fs::path> inputs = checkpoint.config.data.files();
  inputs.push_back(request.texts);
  const fs::path out = config::output_file(request.out, inputs);
  const fs::path vocabulary =
      config::output_file(base::folder_of(request.out) / "vocab.json", inputs);
  if (out.lexically_normal() == vocabulary.lexically_normal())
    throw base::Error("--out: found vocab.json, the name of the list of pieces, expected another");

  const std::vector<Reading> readings = read_texts(checkpoint, request.texts);
  TapFinder finder(request.pattern);
  engine::make_reader(*checkpoint.model)->read(std::span(readings.front().ids).first(1), &finder);
  const std::vector<KeptTap> kept = finder.take();

  std::size_t tokens = 0;
  for (const Reading& reading : readings) tokens += reading.ids.size();
  base::replace_file(out, [&](const fs::path& temporary) {
    ActivationFile file(temporary, kept, tokens, checkpoint.config.model.causal(),
                        source_notes(checkpoint));
    const auto counter = predict::token_progress("activations", tokens);
    constexpr std::size_t kTogether = 64;  // texts whose values are in memory
    for (std::size_t first = 0; first < readings.size(); first += kTogether)
      add_texts(checkpoint,
                std::span(readings).subspan(first, std::min(kTogether, readings.size() - first)),
                kept, threads, counter, file);
    file.finish();
  });
  base::write_file(vocabulary, vocabulary_json(checkpoint.tokenizer));
  return base::concat("wrote ", base::printable(request.out.string()), ": ",
                      base::with_commas(readings.size()), " texts, ", base::with_commas(tokens),
                      " tokens, ", kept.size(), kept.size() == 1 ? " value" : " values",
                      " of each\nwrote ", base::printable(vocabulary.lexically_normal().string()),
                      "\n");
}

}  // namespace qkv::inspect
