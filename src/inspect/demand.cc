#include "inspect/demand.h"

#include <algorithm>

#include "base/error.h"
#include "base/format.h"
#include "base/memory.h"
#include "engine/size.h"

namespace qkv::inspect {
namespace {

constexpr double kFloat = 4;

/// Bytes of the pictures that are drawn at once.
double pictures_at_once(std::int64_t heads, double tokens, int threads) {
  constexpr double kPixel = 11;  // for the page, its filtered rows, and the compressed file
  constexpr double kMostPixels = 100e6;
  const double side = std::max(900.0, 10 * tokens + 300);
  const auto drawn = static_cast<double>(std::min<std::int64_t>(threads, heads + 1));
  return drawn * kPixel * std::min(kMostPixels, 4 * side * side);
}

bool has_pictures(const Demand& demand) {
  return std::any_of(demand.formats.begin(), demand.formats.end(),
                     [](Artefact format) { return picture_format(format).has_value(); });
}

/// " or leave out --edges"
std::string without_analyses(const Demand& demand) {
  std::string options;
  for (const auto& analysis : demand.analyses)
    options += (options.empty() ? " or leave out " : ", ") + analysis->option();
  return options;
}

void require_pictures(const spec::ModelConfig& model, std::size_t tokens, const Demand& demand) {
  render::require_size(tokens, 1, 1, false);
  render::require_size(tokens, static_cast<std::size_t>(shown_heads(demand.choice, model)),
                       grid_columns(demand.choice, model), true);
}

}  // namespace

double estimate_memory(const checkpoint::Checkpoint& checkpoint, std::int64_t tokens,
                       const Demand& demand, int threads) {
  const spec::ModelConfig& model = checkpoint.config.model;
  const auto size = static_cast<double>(tokens);
  double bytes = inspection_bytes(checkpoint, tokens);
  // The reader that records, and the logits while they are copied.
  bytes +=
      engine::reader_bytes(model, checkpoint.tokenizer.size(), {.tokens = tokens, .taps = true}) +
      kFloat * size * static_cast<double>(checkpoint.tokenizer.size());
  // The maps of a layer while they are written, and for pictures the chosen heads once more.
  if (!demand.formats.empty()) bytes += kFloat * layer_map_numbers(model, size);
  if (has_pictures(demand)) {
    const std::int64_t heads = shown_heads(demand.choice, model);
    bytes += kFloat * static_cast<double>(heads) * size * size;
    bytes += pictures_at_once(heads, size, threads);
  }
  for (const auto& analysis : demand.analyses)
    bytes += analysis->bytes(checkpoint, tokens, threads);
  return bytes;
}

void require_possible(const checkpoint::Checkpoint& checkpoint, const Passage& passage,
                      const std::string& name, const Demand& demand, int threads) {
  const spec::ModelConfig& model = checkpoint.config.model;
  require_heads(demand.choice, model);
  if (!demand.formats.empty()) require_formats(checkpoint, demand.formats);
  if (has_pictures(demand)) require_pictures(model, passage.tokens.size(), demand);
  for (const auto& analysis : demand.analyses)
    analysis->require_possible(checkpoint, passage, has_pictures(demand));
  const double needed = estimate_memory(
      checkpoint, static_cast<std::int64_t>(passage.tokens.size()), demand, threads);
  const double there = base::machine_memory();
  if (needed <= there) return;
  throw base::Error(
      base::concat(name, ": found ", base::with_commas(passage.tokens.size()),
                   " tokens, expected a text whose inspection fits into memory: it takes about ",
                   base::human_bytes(needed), ", this machine has ", base::human_bytes(there),
                   "; give a shorter text", without_analyses(demand)));
}

}  // namespace qkv::inspect
