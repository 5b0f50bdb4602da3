#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/format.h"
#include "base/json.h"
#include "base/random.h"
#include "scratch.h"
#include "text/corpus/token_writer.h"
#include "text/tokenizer/tokenizer.h"
#include "tiny_run.h"
#include "train/either_step.h"
#include "train/small_config.h"
#include "train/trainer.h"

namespace qkv::train {
namespace {

constexpr std::int32_t kPieces = 60;
constexpr std::int64_t kRows = 12;  ///< of a step, however they are split
constexpr std::uint64_t kStep = 3;

/// Random ids in documents of 2 to 20 tokens, or in one stream.
text::TokenFile tokens_of(const tests::Scratch& scratch, bool documents) {
  text::TokenWriter writer(scratch / "tokens", kPieces);
  base::RandomStream random(1);
  for (int document = 0; document < 200; ++document) {
    if (documents) writer.begin_document();
    writer.add(text::Tokenizer::kBegin);
    for (std::uint64_t left = random.below(19); left > 0; --left)
      writer.add(4 + static_cast<std::int32_t>(random.below(kPieces - 4)));
    writer.add(text::Tokenizer::kEnd);
  }
  writer.finish(1);
  return text::TokenFile(scratch / "tokens");
}

struct Splitting {
  const char* name;
  spec::Kernels kernels;
  bool documents;
  config::Config config;
};

config::Config small_masked() {
  config::Config config = tests::small_config();
  config.model.objective = spec::Objective::kMasked;
  return config;
}

std::vector<Splitting> splittings() {
  std::vector<Splitting> cases;
  for (const spec::Kernels kernels : {spec::Kernels::kFused, spec::Kernels::kPlain}) {
    for (const double dropout : {0.0, 0.3}) {
      for (const bool documents : {false, true}) {
        Splitting& c = cases.emplace_back(Splitting{"masked", kernels, documents, small_masked()});
        c.config.model.dropout = dropout;
      }
      cases.emplace_back(Splitting{"causal", kernels, true, small_masked()}).config.model.dropout =
          dropout;
      cases.back().config.model.objective = spec::Objective::kCausal;
    }
  }
  Splitting& recurrent =
      cases.emplace_back(Splitting{"gru", spec::Kernels::kPlain, true, small_masked()});
  recurrent.config.model.kind = spec::Architecture::kGru;
  recurrent.config.model.objective = spec::Objective::kCausal;
  recurrent.config.model.dropout = 0.3;
  return cases;
}

struct SplitStep {
  double loss = 0;
  model::Tensor gradient;  ///< of all weights, float64 [weights]
};

/// The gradient of one step whose batch is split into `accumulation` micro-batches.
SplitStep make(const Splitting& c, const text::TokenFile& tokens, std::int64_t accumulation,
               at::ScalarType type) {
  config::Config config = c.config;
  config.training.accumulation = accumulation;
  config.training.batch_size = kRows / accumulation;
  config.runtime.kernels = type == at::kDouble ? spec::Kernels::kPlain : c.kernels;
  const model::Runtime runtime = model::set_up_runtime(config.runtime);
  const auto model =
      model::make_model(config.model, kPieces, 5, at::TensorOptions(at::kCPU).dtype(type));
  if (type == at::kDouble) {  // the same weights: drawn in double, they would differ
    const auto drawn = model::make_model(config.model, kPieces, 5);
    for (std::size_t place = 0; place < drawn->parameters().list().size(); ++place)
      model->parameters().list()[place].second.set_data(
          drawn->parameters().list()[place].second.detach().to(type));
  }
  tests::EitherStep step(*model, config, runtime);

  const text::TrainingBatches batches(tokens, config.model.context,
                                      {config.model.causal(), kPieces}, config.seed);
  std::vector<text::Batch> parts;
  for (std::int64_t first = 0; first < kRows; first += config.training.batch_size) {
    parts.push_back(batches.get(kStep, kRows, first, config.training.batch_size));
  }
  SplitStep made;
  made.loss = step.gradient(tests::step_batch(std::move(parts)), kStep + 1);
  std::vector<model::Tensor> all;
  for (const auto& [name, weight] : model->parameters().list())
    all.push_back(weight.grad().to(at::kDouble).flatten().clone());
  made.gradient = at::cat(all);
  return made;
}

double difference(const SplitStep& found, const SplitStep& expected) {
  return ((found.gradient - expected.gradient).norm() / expected.gradient.norm()).item<double>();
}

TEST(Accumulation, IsTheLargerBatch) {
  const tests::Scratch scratch;
  for (const Splitting& c : splittings()) {
    SCOPED_TRACE(base::concat(c.name, ' ', c.kernels, c.documents ? " documents" : "", " dropout ",
                              c.config.model.dropout));
    const text::TokenFile tokens = tokens_of(scratch, c.documents);
    // The same sums in another order: their difference is at most a few times the rounding error of
    // the plain model on this processor.
    Splitting plain = c;
    plain.kernels = spec::Kernels::kPlain;
    const double rounding =
        difference(make(plain, tokens, 1, at::kFloat), make(plain, tokens, 1, at::kDouble));
    ASSERT_LT(rounding, 1e-5);
    const double bound = 8 * std::max<double>(rounding, std::numeric_limits<float>::epsilon());
    const SplitStep whole = make(c, tokens, 1, at::kFloat);
    for (const std::int64_t accumulation : {2, 3, 12}) {
      const SplitStep split = make(c, tokens, accumulation, at::kFloat);
      EXPECT_LT(std::abs(split.loss - whole.loss), bound * whole.loss) << accumulation;
      EXPECT_LT(difference(split, whole), bound) << accumulation;
    }
  }
}

/// The loss of the first step of a run.
double first_loss(config::Config config, const tests::Scratch& scratch, const std::string& name) {
  config.training.steps = 1;
  config.training.warmup_steps = 1;
  config.training.log_every = 1;
  TrainingOptions options;
  options.out = scratch / name;
  Trainer(config, std::move(options)).run();
  std::istringstream lines(base::read_file(scratch / name / "metrics.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    const base::Json record = base::parse_json(line, "metrics.jsonl");
    if (record.contains("loss")) return record["loss"].get<double>();
  }
  ADD_FAILURE() << "no loss";
  return 0;
}

TEST(Accumulation, OfARunIsTheLargerBatch) {
  const tests::Scratch scratch;
  ::setenv("QKV_CACHE", (scratch / "cache").c_str(), 1);
  config::Config config = tests::tiny_run_config(scratch);
  config.model.objective = spec::Objective::kMasked;
  config.model.dropout = 0.3;
  for (const spec::Kernels each : {spec::Kernels::kFused, spec::Kernels::kPlain}) {
    const std::string kernels(spec::name_of(each));
    config.runtime.kernels = each;
    config.training.batch_size = 8;
    config.training.accumulation = 1;
    const double whole = first_loss(config, scratch, kernels + "-1");
    config.training.batch_size = 2;
    config.training.accumulation = 4;
    // Another mask would change it by percents, another order of a sum by some units of float32's
    // rounding, 6e-8.
    EXPECT_NEAR(first_loss(config, scratch, kernels + "-4"), whole, 1e-5 * whole) << kernels;
  }
}

}  // namespace
}  // namespace qkv::train
