#include "inspect/ablation/ablation.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "base/random.h"
#include "checkpoint/validation_text.h"
#include "inspect/ablation/ablator.h"

namespace qkv::inspect {
namespace {

constexpr std::uint64_t kReferenceTokens = 8192;

constexpr std::array<std::pair<std::string_view, AblationMode>, 3> kModes = {
    {{"mean", AblationMode::kMean},
     {"zero", AblationMode::kZero},
     {"resample", AblationMode::kResample}}};

std::string_view name_of(AblationMode mode) {
  return std::find_if(kModes.begin(), kModes.end(),
                      [&](const auto& row) { return row.second == mode; })
      ->first;
}

using Texts = std::vector<std::vector<std::int32_t>>;

/// Ids that belong together: a window of the context, or a document without its end, which a causal
/// model does not read.
Texts reference_texts(const text::TokenFile& tokens, const spec::ModelConfig& model) {
  const auto context = static_cast<std::uint64_t>(model.context);
  Texts texts;
  std::uint64_t read = 0;
  std::uint64_t document = 0;
  for (std::uint64_t begin = 0; begin < tokens.size() && read < kReferenceTokens;) {
    std::uint64_t end = std::min(begin + context, tokens.size());
    std::uint64_t next = end;
    if (tokens.documents() > 0) {
      next = tokens.document_begin(++document);
      end = std::min(begin + context, model.causal() ? next - 1 : next);
    }
    tokens.read(begin, texts.emplace_back(end - begin));
    read += end - begin;
    begin = next;
  }
  return texts;
}

/// Copies the output of a part.
class PartWatcher : public engine::Taps {
 public:
  PartWatcher(const std::vector<Part>& parts, std::vector<std::vector<float>>& outputs)
      : parts_(parts), outputs_(outputs) {}

  bool wants(const engine::TapPlace& place) const override {
    return std::any_of(parts_.begin(), parts_.end(),
                       [&](const Part& part) { return output_of(part) == place; });
  }
  void see(const engine::TapPlace& place, base::MutableView value) override {
    for (std::size_t at = 0; at < parts_.size(); ++at) {
      if (output_of(parts_[at]) != place) continue;
      const base::View output = parts_[at].head ? value[*parts_[at].head] : value;
      outputs_[at].assign(output.values().begin(), output.values().end());
    }
  }

 private:
  const std::vector<Part>& parts_;
  std::vector<std::vector<float>>& outputs_;
};

std::uint64_t drawn(std::uint64_t seed, std::span<const std::int32_t> beginning,
                    std::uint64_t count) {
  std::uint64_t key = base::stream_key(seed, base::Purpose::kResampling);
  for (const std::int32_t id : beginning)
    key = base::stream_key(key, base::Purpose::kResampling, {static_cast<std::uint64_t>(id)});
  return base::RandomStream(key).below(count);
}

}  // namespace

AblationMode ablation_mode(const AblationRequest& request) {
  if (!request.mode) return AblationMode::kMean;
  if (!request.parts)
    throw base::Error("--mode: found no --ablate, expected the parts to which it applies");
  for (const auto& [name, mode] : kModes) {
    if (name == *request.mode) return mode;
  }
  throw base::Error(base::concat("--mode: found ", base::quoted(*request.mode),
                                 ", expected mean, zero or resample"));
}

engine::Intervention ablation(const engine::Model& model, const std::vector<Part>& parts,
                              AblationMode mode, const Texts& texts, std::uint64_t seed,
                              int threads) {
  engine::Intervention made;
  for (const Part& part : parts) made.parts.push_back(name_of(part));
  made.mode = name_of(mode);
  std::vector<predict::ScoredRow> rows;
  for (const auto& ids : texts) rows.push_back({.ids = ids, .targets = {}});
  if (mode != AblationMode::kResample) {
    const auto means = std::make_shared<const PartMeans>(
        mode == AblationMode::kZero ? PartMeans(model.config()) : part_means(model, rows, threads));
    made.make_taps = [means, replacements = means->replacements(parts)](
                         std::span<const std::int32_t> /*beginning*/, std::int64_t kept) {
      return std::make_unique<Ablator>(replacements, kept);
    };
    return made;
  }
  if (predict::token_count(rows) == 0)
    throw base::Error("resampling: found no token, expected at least one");
  using Outputs = std::vector<std::vector<std::vector<float>>>;  // of each text, of each part
  auto outputs =
      std::make_shared<Outputs>(texts.size(), std::vector<std::vector<float>>(parts.size()));
  predict::score_rows(model, rows, threads, {}, [&](std::size_t row) {
    return std::make_unique<PartWatcher>(parts, (*outputs)[row]);
  });
  made.make_taps = [outputs = std::shared_ptr<const Outputs>(std::move(outputs)), parts, seed](
                       std::span<const std::int32_t> beginning, std::int64_t kept) {
    const auto& of_text = (*outputs)[drawn(seed, beginning, outputs->size())];
    std::vector<Replacement> replacements;
    for (std::size_t at = 0; at < parts.size(); ++at)
      replacements.push_back({.part = parts[at], .rows = of_text[at]});
    return std::make_unique<Ablator>(std::move(replacements), kept);
  };
  return made;
}

void ablate(const AblationRequest& request, checkpoint::Checkpoint& checkpoint, int threads) {
  const AblationMode mode = ablation_mode(request);
  if (!request.parts) return;
  const std::vector<Part> parts = parse_parts(*request.parts, checkpoint.config.model, "--ablate");
  std::string reference;
  Texts texts;
  if (mode != AblationMode::kZero) {
    const checkpoint::ValidationText text = checkpoint::validation_text(checkpoint, "--mode zero");
    texts = reference_texts(text.tokens, checkpoint.config.model);
    std::uint64_t tokens = 0;
    for (const auto& ids : texts) tokens += ids.size();
    reference = base::concat(", from ", base::with_commas(tokens), " tokens of ", text.name);
  }
  engine::Intervention made =
      ablation(*checkpoint.model, parts, mode, texts, checkpoint.config.seed, threads);
  base::log::info(base::concat(checkpoint::checkpoint_name(checkpoint.path), ": ",
                               ablation_text(made), reference));
  checkpoint.model = std::make_shared<const engine::Model>(*checkpoint.model, std::move(made));
}

bool is_ablated(const engine::Model& model, const Part& part) {
  const engine::Intervention* made = model.intervention();
  return made != nullptr &&
         std::find(made->parts.begin(), made->parts.end(), name_of(part)) != made->parts.end();
}

std::string ablation_text(const engine::Intervention& intervention) {
  constexpr std::size_t kNamed = 3;
  const std::vector<std::string>& parts = intervention.parts;
  std::string names;
  for (std::size_t at = 0; at < std::min(parts.size(), kNamed); ++at)
    names += (at > 0 ? ", " : "") + parts[at];
  if (parts.size() > kNamed) names += base::concat(" and ", parts.size() - kNamed, " more");
  return base::concat("without ", names, " (", intervention.mode, ")");
}

base::Json ablation_json(const engine::Intervention& intervention) {
  return {{"parts", intervention.parts}, {"mode", intervention.mode}};
}

}  // namespace qkv::inspect
