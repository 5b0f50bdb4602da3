#include "config/fit.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "spec/weights.h"

namespace qkv::config {
namespace {

/// The sizes that determine the memory needed.
struct Sizes {
  Config config;  ///< its tokenizer.vocabulary is the number of learned pieces
  std::int64_t pieces() const { return config.tokenizer.vocabulary + kFixedPieces; }
};

std::int64_t& batch_size(Sizes& sizes) { return sizes.config.training.batch_size; }
std::int64_t& accumulation(Sizes& sizes) { return sizes.config.training.accumulation; }
std::int64_t& context(Sizes& sizes) { return sizes.config.model.context; }
std::int64_t& width(Sizes& sizes) { return sizes.config.model.width; }
std::int64_t& layers(Sizes& sizes) { return sizes.config.model.layers; }
std::int64_t& hidden(Sizes& sizes) { return sizes.config.model.feed_forward.width; }
std::int64_t& threads(Sizes& sizes) { return sizes.config.runtime.threads; }
std::int64_t& vocabulary(Sizes& sizes) { return sizes.config.tokenizer.vocabulary; }

/// A size that could be lowered, and its key.
struct Lever {
  const char* key;
  std::int64_t& (*size)(Sizes&);
};
constexpr Lever kBatchSize = {"training.batch_size", batch_size};
constexpr Lever kAccumulation = {"training.accumulation", accumulation};
constexpr Lever kContext = {"model.context", context};
constexpr Lever kWidth = {"model.width", width};
constexpr Lever kLayers = {"model.layers", layers};
constexpr Lever kHidden = {"model.feed_forward.width", hidden};
constexpr Lever kThreads = {"runtime.threads", threads};
constexpr Lever kVocabulary = {"tokenizer.vocabulary", vocabulary};

/// A need for memory, and the words of its message.
struct Need {
  std::function<double(const Sizes&)> bytes;
  const char* whole;  ///< "a run"
  std::string takes;  ///< "it takes about"
  std::vector<Lever> levers;
};

/// Whether half of this size lowers the need by a tenth or more.
bool matters(const Lever& lever, const Sizes& sizes, const Need& need) {
  Sizes less = sizes;
  std::int64_t& size = lever.size(less);
  if (size <= 1) return false;
  size /= 2;
  return need.bytes(less) <= 0.9 * need.bytes(sizes);
}

void require_fit(const Sizes& sizes, const std::string& name, const Need& need) {
  const double needed = need.bytes(sizes);
  const double there = base::machine_memory();
  if (needed <= there) return;
  std::vector<Lever> levers;
  for (const Lever& lever : need.levers) {
    if (matters(lever, sizes, need)) levers.push_back(lever);
  }
  if (levers.empty()) levers.push_back(need.levers.front());
  const Defaults& defaults = sizes.config.defaults;
  std::stable_partition(levers.begin(), levers.end(),
                        [&](const Lever& lever) { return !defaults.has(lever.key); });

  Sizes shown = sizes;
  const auto value = [&](const Lever& lever) {
    return base::concat(lever.size(shown), defaults.has(lever.key) ? " (a default)" : "");
  };
  std::string others;
  for (std::size_t index = 1; index < levers.size(); ++index) {
    others += index == 1 ? "with " : index + 1 == levers.size() ? " and " : ", ";
    others += base::concat(levers[index].key, ' ', value(levers[index]));
  }
  throw base::Error(base::concat(
      name, ": ", levers.front().key, ": found ", value(levers.front()), ", expected ", need.whole,
      " that fits into memory: ", others, others.empty() ? "" : ", ", need.takes, ' ',
      base::human_bytes(needed), ", this machine has ", base::human_bytes(there)));
}

}  // namespace

void require_run_fits(const Config& config, const std::string& name, std::int64_t vocabulary,
                      const RunMemory& run_memory) {
  Sizes sizes{config};
  sizes.config.tokenizer.vocabulary = vocabulary - kFixedPieces;
  sizes.config.runtime.threads = base::threads_of(config.runtime.threads);
  require_fit(sizes, name,
              {.bytes = [&](const Sizes& s) { return run_memory(s.config, s.pieces()); },
               .whole = "a run",
               .takes = "it takes about",
               .levers = {kBatchSize, kWidth, kLayers, kHidden, kVocabulary, kThreads, kContext,
                          kAccumulation}});
}

void require_model_fits(const spec::ModelConfig& model, const std::string& name,
                        std::int64_t vocabulary, const Defaults& defaults) {
  Sizes sizes;
  sizes.config.tokenizer.vocabulary = vocabulary - kFixedPieces;
  sizes.config.model = model;
  sizes.config.defaults = defaults;
  require_fit(sizes, name,
              {.bytes = [](const Sizes& s) { return estimate_tables(s.config.model); },
               .whole = "a model",
               .takes = "its table of positions takes",
               .levers = {kContext, kWidth}});
  const auto weights = static_cast<std::uint64_t>(spec::count_parameters(model, vocabulary));
  require_fit(
      sizes, name,
      {.bytes =
           [](const Sizes& s) { return 4 * spec::count_parameters(s.config.model, s.pieces()); },
       .whole = "a model",
       .takes = base::concat("its ", base::with_commas(weights), " weights take"),
       .levers = {kWidth, kLayers, kHidden, kVocabulary, kContext}});
}

}  // namespace qkv::config
