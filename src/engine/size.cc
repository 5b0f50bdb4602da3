#include "engine/size.h"

#include <algorithm>
#include <cmath>

#include "engine/transformer.h"
#include "kernels/arena.h"
#include "kernels/loops.h"
#include "spec/weights.h"

namespace qkv::engine {
namespace {

constexpr double kFloat = sizeof(float);

/// This many rounded up to whole panels.
double whole_panels(double outputs) {
  const auto lanes = static_cast<double>(kernels::loops().panels.lanes);
  return std::ceil(outputs / lanes) * lanes;
}

/// Keys and values of the whole context (KeyValueCache).
double cached(const spec::ModelConfig& config, double heads) {
  const auto context = static_cast<double>(config.context);
  const auto width = static_cast<double>(config.head_width());
  return static_cast<double>(config.layers) * heads *
         (whole_panels(context) * width + context * whole_panels(width));
}

double transformer_numbers(const spec::ModelConfig& config, const ReaderUse& use) {
  const auto width = static_cast<double>(config.width);
  const auto context = static_cast<double>(config.context);
  const auto text = static_cast<double>(use.tokens);
  const double heads = config.attention.projection == spec::Projection::kIdentity
                           ? static_cast<double>(config.heads)
                           : static_cast<double>(config.key_value_heads);
  const bool whole = use.taps || !config.causal();
  const double usual = std::min(static_cast<double>(Transformer::kBlock), context);
  const double block = whole ? std::max(text, usual) : usual;
  // Of each token: the residual stream, query, key and value, what is mixed, the norm, gate and
  // hidden; and with taps, a copy of one of them.
  double row = 4 * width + 2 * heads * static_cast<double>(config.head_width()) +
               2 * static_cast<double>(config.feed_forward.width);
  if (use.taps) row += width;
  const double scores = static_cast<double>(Transformer::kQueries) * whole_panels(context);
  const double maps =
      use.taps && config.has_attention() ? static_cast<double>(config.heads) * text * text : 0;
  return (kernels::Arena::most_bytes(kFloat * (block * row + scores)) +
          kernels::Arena::most_bytes(kFloat * cached(config, heads))) /
             kFloat +
         maps;
}

double recurrent_numbers(const spec::ModelConfig& config, double tokens) {
  const auto width = static_cast<double>(config.width);
  // Of each token: input and output of a layer, and the gates; of each layer, its state.
  const auto gates = static_cast<double>(spec::gate_count(config.kind));
  return tokens * width * (2 + gates) + width * (2 * static_cast<double>(config.layers) + gates);
}

}  // namespace

double model_bytes(const spec::ModelConfig& config, std::int64_t vocabulary) {
  const auto lanes = static_cast<double>(kernels::loops().panels.lanes);
  const auto width = static_cast<double>(config.width);
  const auto pieces = static_cast<double>(vocabulary);
  const auto layers = static_cast<double>(config.layers);
  const auto hidden = static_cast<double>(config.feed_forward.width);
  double numbers = spec::count_parameters(config, vocabulary);
  // Rows in a tied embedding are looked up, and it is the last matrix.
  if (config.tied_embeddings) numbers += pieces * width;
  // The last panels of the matrices, of which a layer has seven at most.
  numbers += lanes * (pieces > 0 ? width : 0) + layers * lanes * (6 * width + hidden);
  const double largest = std::max({pieces * width, width * hidden, 4 * width * width});
  // Tables of positions: one vector each for a context of tokens.
  return kFloat * (numbers + largest + static_cast<double>(config.context) * width);
}

double reader_bytes(const spec::ModelConfig& config, std::int64_t vocabulary,
                    const ReaderUse& use) {
  const auto text = static_cast<double>(use.tokens);
  const double ends = text * static_cast<double>(config.width) + static_cast<double>(vocabulary);
  return kFloat * (ends + (config.recurrent() ? recurrent_numbers(config, text)
                                              : transformer_numbers(config, use)));
}

}  // namespace qkv::engine
