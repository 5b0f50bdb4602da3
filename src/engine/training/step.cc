#include "engine/training/step.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "base/format.h"
#include "engine/training/pass.h"
#include "engine/training/size.h"
#include "kernels/product.h"
#include "kernels/update_loops.h"
#include "spec/kernel_step.h"

namespace qkv::engine {
namespace {

/// Gradients are summed in blocks that do not depend on the number of threads.
constexpr std::int64_t kBlock = 16384;

/// Runs of equal numbers are documents; without numbers, each row is one.
void find_documents(const TrainingBatch& batch, std::int64_t first_row, std::int64_t rows,
                    std::vector<Document>& documents) {
  documents.clear();
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t begin = row * batch.context;
    if (batch.documents == nullptr) {
      documents.push_back({begin, batch.context});
      continue;
    }
    const std::int32_t* numbers = batch.documents + (first_row + row) * batch.context;
    for (std::int64_t at = 0; at < batch.context;) {
      std::int64_t end = at + 1;
      while (end < batch.context && numbers[end] == numbers[at]) ++end;
      documents.push_back({begin + at, end - at});
      at = end;
    }
  }
}

}  // namespace

/// The memory of one thread.
struct TrainingStep::Slice {
  base::PhaseClock<Work> clock{Work::kWait};
  std::optional<TransformerPass<float>> exact;
  std::optional<TransformerPass<kernels::Bfloat16>> rounded;
  kernels::Arena memory;
  std::span<float> gradient;
  bool fresh = true;  ///< the gradient is empty
  Reading reading;
  std::vector<std::int32_t> positions;  ///< if the batch has no documents
  double nats = 0;
  double squares = 0;

  template <typename T>
  TransformerPass<T>& pass() {
    if constexpr (sizeof(T) == 2) {
      return *rounded;
    } else {
      return *exact;
    }
  }
};

bool TrainingStep::supports(const spec::ModelConfig& config, bool bfloat16) {
  return spec::has_kernel_step(config) && (!bfloat16 || kernels::Products::has_bfloat16());
}

TrainingStep::TrainingStep(const spec::ModelConfig& config, std::int64_t vocabulary,
                           std::int64_t rows, std::uint64_t seed, bool bfloat16, int threads)
    : bfloat16_(bfloat16),
      layout_(config, vocabulary),
      tables_(config),
      weights_(memory_.take<float>(layout_.size())),
      gradient_(memory_.take<float>(layout_.size())),
      rounded_weights_(memory_.take<kernels::Bfloat16>(bfloat16 ? layout_.size() : 0)),
      most_rows_(rows_in_a_pass(config, rows, threads)),
      team_(static_cast<int>(std::min<std::int64_t>(threads, rows))) {
  // The result depends on the number of threads, so it must not depend on the system's state.
  if (const auto wanted = std::min<std::int64_t>(threads, rows); team_.members() < wanted) {
    throw base::Error(base::concat("found no thread in the system after ", team_.members(),
                                   ", expected ", wanted),
                      base::Error::Fault::kRun);
  }
  slices_.resize(static_cast<std::size_t>(team_.members()));
  team_.run([&](int thread) {  // each thread touches its own memory first
    auto slice = std::make_unique<Slice>();
    const std::int64_t tokens = most_rows_ * config.context;
    if (bfloat16) {
      slice->rounded.emplace(config, layout_, tables_, vocabulary, seed, tokens, slice->clock);
    } else {
      slice->exact.emplace(config, layout_, tables_, vocabulary, seed, tokens, slice->clock);
    }
    slice->gradient = slice->memory.take<float>(layout_.size());
    slices_[static_cast<std::size_t>(thread)] = std::move(slice);
  });
}

TrainingStep::~TrainingStep() = default;

template <typename T>
double TrainingStep::run_slice(int thread, const TrainingBatch& batch, std::uint64_t step,
                               float scale) {
  Slice& slice = *slices_[static_cast<std::size_t>(thread)];
  const base::Share range = team_.share(batch.rows, thread);
  Weights<T> weights{weights_.data(), nullptr};
  if constexpr (sizeof(T) == 2) {
    weights.for_product = rounded_weights_.data();
  } else {
    weights.for_product = weights_.data();
  }

  double nats = 0;
  for (std::int64_t row = range.begin; row < range.end; row += most_rows_) {
    const std::int64_t rows = std::min(most_rows_, range.end - row);
    const std::int64_t first = row * batch.context;
    Reading& reading = slice.reading;
    reading.tokens = rows * batch.context;
    reading.ids = batch.inputs + first;
    reading.targets = batch.targets + first;
    reading.first_token = batch.first_row * batch.context + first;
    reading.step = step;
    if (batch.documents == nullptr) {
      if (static_cast<std::int64_t>(slice.positions.size()) < reading.tokens) {
        slice.positions.resize(static_cast<std::size_t>(reading.tokens));
        for (std::int64_t token = 0; token < reading.tokens; ++token)
          slice.positions[static_cast<std::size_t>(token)] =
              static_cast<std::int32_t>(token % batch.context);
      }
      reading.positions = slice.positions.data();
    } else {
      reading.positions = batch.positions + first;
    }
    find_documents(batch, row, rows, reading.documents);
    nats += slice.pass<T>().run(weights, reading, scale, {slice.gradient.data(), slice.fresh});
    slice.fresh = false;
  }
  return nats;
}

void TrainingStep::take_weights() {
  if (!bfloat16_) return;
  team_.run([&](int thread) {
    base::PhaseClock<Work>& clock = slices_[static_cast<std::size_t>(thread)]->clock;
    clock.enter(Work::kSum);
    const base::Share range = team_.share(layout_.size(), thread);
    kernels::update_loops().round(range.end - range.begin, weights_.data() + range.begin,
                                  rounded_weights_.data() + range.begin);
    clock.enter(Work::kWait);
  });
}

double TrainingStep::run(const TrainingBatch& batch, std::uint64_t step, std::uint64_t predicted) {
  const auto scale = static_cast<float>(1 / static_cast<double>(predicted));
  team_.run([&](int thread) {
    slices_[static_cast<std::size_t>(thread)]->nats =
        bfloat16_ ? run_slice<kernels::Bfloat16>(thread, batch, step, scale)
                  : run_slice<float>(thread, batch, step, scale);
  });
  double nats = 0;
  for (const auto& slice : slices_) nats += slice->nats;
  return nats;
}

double TrainingStep::gather() {
  std::vector<const float*> parts;
  for (const auto& slice : slices_)
    if (!slice->fresh) parts.push_back(slice->gradient.data());
  if (parts.empty()) {
    std::fill(gradient_.begin(), gradient_.end(), 0.0F);
    return 0;
  }
  const std::int64_t blocks = (layout_.size() + kBlock - 1) / kBlock;
  team_.run([&](int thread) {
    Slice& slice = *slices_[static_cast<std::size_t>(thread)];
    slice.clock.enter(Work::kSum);
    const base::Share range = team_.share(blocks, thread);
    std::vector<const float*> here(parts.size());
    double squares = 0;
    for (std::int64_t block = range.begin; block < range.end; ++block) {
      const std::int64_t begin = block * kBlock;
      for (std::size_t part = 0; part < parts.size(); ++part) here[part] = parts[part] + begin;
      squares += kernels::update_loops().sum(std::min(kBlock, layout_.size() - begin), here.data(),
                                             static_cast<std::int64_t>(here.size()),
                                             gradient_.data() + begin);
    }
    slice.squares = squares;
    slice.clock.enter(Work::kWait);
  });
  double squares = 0;
  for (const auto& slice : slices_) {
    squares += slice->squares;
    slice->fresh = true;
  }
  return std::sqrt(squares);
}

base::Parts TrainingStep::seconds() const {
  constexpr std::array<const char*, static_cast<std::size_t>(Work::kWait)> kNames = {
      "products", "attention", "norms", "activation", "loss", "sum, rounding", "else"};
  base::Parts seconds;
  for (std::size_t work = 0; work < kNames.size(); ++work) {
    double sum = 0;
    for (const auto& slice : slices_) sum += slice->clock.seconds(static_cast<Work>(work));
    seconds.emplace_back(kNames[work], sum / static_cast<double>(slices_.size()));
  }
  return seconds;
}

}  // namespace qkv::engine
