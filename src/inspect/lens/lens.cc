#include "inspect/lens/lens.h"

#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/format.h"
#include "inspect/depths.h"
#include "inspect/largest.h"
#include "text/tokenizer/tokenizer.h"

namespace qkv::inspect {
namespace {

/// The logits that follow from the residual stream at a depth, [tokens, vocabulary].
base::Array logits_at(const engine::Model& model, const std::string& depth, const Recorder& taps) {
  if (depth == "final") return taps.value("logits");
  const base::Array& x = taps.value(depth_tap(depth, model.config()));
  base::Array normed(x.shape);
  model.normalise(model.packed().norm, x.shape[0], x.values.data(), normed.values.data());
  base::Array logits({x.shape[0], model.vocabulary()});
  model.logits({normed.values.data(), x.shape[1], x.shape[0]},
               {logits.values.data(), model.vocabulary(), x.shape[0]});
  return logits;
}

/// Σ p log(p / q), from log p and log q.
double divergence(const std::vector<double>& log_p, const std::vector<double>& log_q) {
  double sum = 0;
  for (std::size_t id = 0; id < log_p.size(); ++id)
    sum += std::exp(log_p[id]) * (log_p[id] - log_q[id]);
  return sum;
}

std::vector<Filling> fillings_of(const std::vector<double>& log_probabilities) {
  std::vector<Filling> all;
  all.reserve(log_probabilities.size());
  for (const double log_probability : log_probabilities) {
    if (!std::isfinite(log_probability))
      throw base::Error(base::concat("a logit of the lens: found ", log_probability,
                                     ", expected finite numbers"));
    all.push_back({static_cast<std::int32_t>(all.size()), std::exp(log_probability)});
  }
  return all;
}

}  // namespace

std::int32_t piece_to_predict(std::span<const std::int32_t> ids, std::size_t token, bool causal) {
  if (causal) return token + 1 < ids.size() ? ids[token + 1] : -1;
  return ids[token] == text::Tokenizer::kMask ? -1 : ids[token];
}

Lens read_lens(const engine::Model& model, std::span<const std::int32_t> ids, const Recorder& taps,
               std::size_t count) {
  Lens lens;
  lens.depths = depth_names(model.config());
  const auto depths = static_cast<std::int64_t>(lens.depths.size());
  const auto tokens = static_cast<std::int64_t>(ids.size());
  lens.probability = base::ArrayOf<double>({depths, tokens});
  lens.divergence = lens.probability;
  std::vector<std::vector<double>> end;
  for (std::int64_t token = 0; token < tokens; ++token)
    end.push_back(log_softmax(taps.value("logits")[token].values()));
  for (std::int64_t depth = 0; depth < depths; ++depth) {
    const base::Array logits = logits_at(model, lens.depths[static_cast<std::size_t>(depth)], taps);
    std::vector<std::vector<Filling>>& top = lens.top.emplace_back();
    for (std::int64_t token = 0; token < tokens; ++token) {
      const auto at = static_cast<std::size_t>(token);
      const std::vector<double> logs = log_softmax(logits[token].values());
      std::vector<Filling>& here = top.emplace_back(fillings_of(logs));
      keep_largest(here, count, &Filling::probability);
      const std::int32_t piece = piece_to_predict(ids, at, model.config().causal());
      lens.probability[depth].data[at] = piece < 0
                                             ? std::numeric_limits<double>::quiet_NaN()
                                             : std::exp(logs[static_cast<std::size_t>(piece)]);
      lens.divergence[depth].data[at] = divergence(end[at], logs);
    }
  }
  return lens;
}

}  // namespace qkv::inspect
