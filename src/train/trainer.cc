#include "train/trainer.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/log.h"
#include "config/derived.h"
#include "config/run_files.h"
#include "config/schema.h"
#include "generate/generator.h"
#include "text/prompt.h"
#include "train/arrays.h"
#include "train/difference.h"
#include "train/memory.h"
#include "train/schedule.h"
#include "train/validation.h"

namespace qkv::train {
namespace fs = std::filesystem;
namespace {

void require_hash(const char* key, const char* what, const std::string& found,
                  const std::string& expected, const fs::path& run) {
  if (found == expected) return;
  throw base::Error(base::concat(key, ": the ", what, " changed since the run in ", run.string(),
                                 " began: found SHA-256 ", found.substr(0, 16), "…, expected ",
                                 expected.substr(0, 16), "…"));
}

/// The weights of `checkpoint` are valid only in the same model. A new run that starts from them
/// may change what is no part of them.
void require_same_model(const spec::ModelConfig& found, const spec::ModelConfig& expected,
                        bool resumed, const fs::path& checkpoint) {
  const auto comparable = [&](const spec::ModelConfig& model) -> base::Json {
    if (!resumed) return {{"model", config::kept_of_model(model)}};
    config::Config config;
    config.model = model;
    return {{"model", config::to_json(config)["model"]}};
  };
  if (const auto difference = first_difference(comparable(found), comparable(expected))) {
    throw base::Error(base::concat(difference->key, ": found ", config::shown(difference->found),
                                   ", expected ", config::shown(difference->expected), " as in ",
                                   checkpoint.string()));
  }
}

/// The tokenizer that the run must use: that of the run it resumes, or of the checkpoint it starts
/// from, which gives it away; nothing if it is to be trained.
std::optional<text::Tokenizer> given_tokenizer(const config::Config& config,
                                               TrainingOptions& options, const RunFolder& folder) {
  if (options.mode == RunMode::kResume) {
    folder.require_same(config);  // before any text is read
    text::Tokenizer tokenizer = folder.tokenizer(config);
    // The run has its own copy; a file that the config names must still be the same.
    if (const auto& path = config.tokenizer.path) {
      require_hash("tokenizer.path", "tokenizer",
                   base::sha256_file(*path, base::file_limit::kTokenizer), tokenizer.hash(),
                   options.out);
    }
    return tokenizer;
  }
  if (!options.init) return std::nullopt;
  checkpoint::Checkpoint& init = *options.init;
  if (init.config.tokenizer.kind != config.tokenizer.kind) {
    throw base::Error(base::concat("tokenizer.kind: found \"", config.tokenizer.kind,
                                   "\", expected \"", init.config.tokenizer.kind, "\" as in ",
                                   init.path.string()));
  }
  require_same_model(config.model, init.config.model, /*resumed=*/false, init.path);
  if (config.tokenizer.path &&
      base::sha256_file(*config.tokenizer.path, base::file_limit::kTokenizer) !=
          init.tokenizer.hash()) {
    throw base::Error(base::concat("tokenizer.path: found another tokenizer than that of ",
                                   init.path.string(),
                                   ", which --init starts from; expected null"));
  }
  return std::move(init.tokenizer);
}

text::Objective objective_of(const model::Model& model) {
  return {.causal = model.config().causal(),
          .vocabulary = static_cast<std::int32_t>(model.vocabulary())};
}

/// Adapts the defaults of `config` to the text, then makes the model that it describes.
std::unique_ptr<model::Model> checked_model(config::Config& config, const text::Corpus& corpus,
                                            const model::Runtime& runtime) {
  const std::int64_t vocabulary = corpus.tokenizer.size();
  config.model.context = corpus.context;
  check_run(config, config.name, vocabulary);
  return model::make_model(config.model, vocabulary, config.seed,
                           at::TensorOptions(runtime.device).dtype(at::kFloat));
}

std::uint64_t tokens_in(const text::Batch& batch) {
  if (batch.documents.empty()) return batch.inputs.size();
  return batch.inputs.size() -
         static_cast<std::uint64_t>(std::count(batch.documents.begin(), batch.documents.end(), -1));
}

}  // namespace

Ending train(const config::Config& config, TrainingOptions options) {
  return Trainer(config, std::move(options)).run();
}

Trainer::Trainer(const config::Config& config, TrainingOptions options)
    : config_(config),
      runtime_(model::set_up_runtime(config.runtime)),
      folder_(options.out, options.mode),
      corpus_(text::open_corpus(config, given_tokenizer(config, options, folder_))),
      model_(checked_model(config_, corpus_, runtime_)),
      step_(make_step(*model_, config_, runtime_)),
      batches_(corpus_.train, config_.model.context, objective_of(*model_), config_.seed) {
  if (batches_.cut().count > 0)
    base::log::warning(text::to_text(batches_.cut(), config_.model.context));
  if (config.training.sample_every > 0) {  // for its warnings, once
    text::given_prompt(config.training.sample_prompt, corpus_.tokenizer, config.data.layout,
                       "training.sample_prompt");
  }
  if (const auto& newest = folder_.newest()) {
    resume(*newest);
  } else {
    if (options.init) load_weights(*options.init->model, *model_);
    folder_.begin(corpus_.tokenizer);
  }
  state_.train_hash = corpus_.train_hash;
  state_.validation_hash = corpus_.validation_hash;
  state_.libtorch = model::libtorch_version();
  first_step_ = state_.step;
  first_tokens_ = state_.tokens;
  reported_tokens_ = state_.tokens;
}

void Trainer::resume(const fs::path& path) {
  if (const fs::path state = path / config::kTrainerFile; !fs::exists(state)) {
    throw base::Error(
        base::concat(state.string(), ": not found, expected the state of the run to resume"));
  }
  const checkpoint::Checkpoint checkpoint = checkpoint::open_checkpoint(path);
  require_same_model(config_.model, checkpoint.config.model, /*resumed=*/true, path);
  const fs::path& run = folder_.path();
  require_hash("tokenizer", "tokenizer", corpus_.tokenizer.hash(), checkpoint.tokenizer.hash(),
               run);
  require_hash("data.train", "text", corpus_.train_hash, checkpoint.state.train_hash, run);
  require_hash("data.validation", "text", corpus_.validation_hash, checkpoint.state.validation_hash,
               run);
  load_weights(*checkpoint.model, *model_);
  load_moments(checkpoint::read_optimizer(path), step_->moments(),
               (path / config::kOptimizerFile).string());
  state_ = checkpoint.state;
  saved_ = state_.step;
  const std::int64_t steps = config_.training.steps;
  if (state_.step > steps) {
    throw base::Error(base::concat("training.steps: found ", steps, ", expected at least the ",
                                   state_.step, " steps that the run in ", run.string(),
                                   " has made"));
  }
  if (!finished()) require_metrics_within(run, std::max(steps, folder_.config().training.steps));

  auto& best = state_.best_checkpoint;
  if (!best || folder_.checkpoints().holds(best->step)) return;
  const std::int64_t gone = best->step;
  best = folder_.checkpoints().best_of(validation_losses(run));
  base::log::warning(base::concat(
      folder_.checkpoints().step_path(gone).string(),
      ": the best checkpoint is missing; best is now ",
      checkpoint::step_name(best ? best->step : state_.step),
      best
          ? base::concat(", validation loss ", base::fixed(best->loss, 4))
          : std::string(", the last, since metrics.jsonl holds no validation loss of the others")));
}

Ending Trainer::run() {
  if (saved_ >= 0) folder_.checkpoints().update_links(state_, config_.checkpoints.keep);
  if (finished()) return Ending::kAlreadyFinished;
  folder_.snapshots().remove_after(state_.step);
  metrics_.emplace(folder_.path(), state_.step);
  if (saved_ < 0) save(/*measured=*/true);  // the untrained model

  base::Progress progress("training", "steps", static_cast<std::uint64_t>(config_.training.steps),
                          static_cast<std::uint64_t>(state_.step));
  const std::int64_t validate_every = config_.training.validate_every;
  const std::int64_t sample_every = config_.training.sample_every;
  while (!finished() && stop_.caught() == 0) {
    train_step();
    progress.update(
        static_cast<std::uint64_t>(state_.step),
        base::concat("loss ", base::fixed(last_loss_, 4),
                     score_ ? base::concat("  validation ", base::fixed(score_->loss(), 4)) : ""));
    if (validate_every > 0 && state_.step % validate_every == 0) validate();
    if (sample_every > 0 && state_.step % sample_every == 0) sample();
    if (config_.checkpoints.every > 0 && state_.step % config_.checkpoints.every == 0) {
      save(/*measured=*/true);
    } else if (!finished()) {  // the end is validated first
      snapshot();
    }
  }
  if (saved_ != state_.step) save(/*measured=*/finished());
  profile_.enter(Phase::kOther);
  if (stopped_early()) return Ending::kStoppedEarly;
  return finished() ? Ending::kFinished : Ending::kInterrupted;
}

std::string Trainer::profile_table() const {
  return profile_.table(steps_made(), step_->seconds());
}

StepBatch Trainer::batch_after(std::int64_t step) const {
  const config::TrainingConfig& training = config_.training;
  const std::int64_t rows = training.batch_size * training.accumulation;
  StepBatch made;
  for (std::int64_t micro = 0; micro < training.accumulation; ++micro) {
    made.parts.push_back(batches_.get(static_cast<std::uint64_t>(step), rows,
                                      micro * training.batch_size, training.batch_size));
    made.predicted += predicted_in(made.parts.back());
    made.tokens += tokens_in(made.parts.back());
  }
  return made;
}

void Trainer::train_step() {
  profile_.enter(Phase::kBatch);
  const StepBatch batch = next_ ? *std::exchange(next_, std::nullopt) : batch_after(state_.step);
  profile_.enter(Phase::kStep);
  step_->begin(batch, state_.step + 1);
  profile_.enter(Phase::kBatch);
  if (state_.step + 1 < config_.training.steps) next_ = batch_after(state_.step + 1);
  profile_.enter(Phase::kStep);
  const auto [loss, gradient_norm] = step_->finish();
  if (!std::isfinite(loss) || !std::isfinite(gradient_norm)) {
    fail_not_finite(base::concat("step ", state_.step + 1, ": the ",
                                 std::isfinite(loss) ? "gradient" : "loss", " is ",
                                 std::isfinite(loss) ? gradient_norm : loss, " (batch ",
                                 state_.step, " of seed ", config_.seed, ")"));
  }
  profile_.enter(Phase::kOther);
  ++state_.step;
  state_.tokens += batch.tokens;
  last_loss_ = loss;
  const std::int64_t log_every = config_.training.log_every;
  if (log_every > 0 && state_.step % log_every == 0) report(loss, gradient_norm);
}

void Trainer::fail_not_finite(const std::string& what) const {
  throw base::Error(
      base::concat(what, "; ",
                   saved_ < 0 ? "nothing was saved"
                              : base::concat("the last good checkpoint is ",
                                             folder_.checkpoints().step_path(saved_).string())),
      base::Error::Fault::kRun);
}

void Trainer::report(double loss, double gradient_norm) {
  profile_.enter(Phase::kOther);
  const double seconds = profile_.training_seconds();
  metrics_->add({{"step", state_.step},
                 {"tokens", state_.tokens},
                 {"loss", loss},
                 {"learning_rate", learning_rate(config_.training, state_.step)},
                 {"gradient_norm", gradient_norm},
                 {"tokens_per_second", static_cast<double>(state_.tokens - reported_tokens_) /
                                           (seconds - reported_seconds_)},
                 {"seconds", profile_.total()}});
  reported_tokens_ = state_.tokens;
  reported_seconds_ = seconds;
}

void Trainer::validate() {
  if (validated_ == state_.step || !corpus_.validation) return;
  profile_.enter(Phase::kValidation);
  score_ = train::validate(*model_, *corpus_.validation, config_.seed, runtime_);
  validated_ = state_.step;
  const double loss = score_->loss();
  if (!std::isfinite(loss))
    fail_not_finite(base::concat("step ", state_.step, ": the validation loss is ", loss));
  metrics_->add({{"step", state_.step}, {"validation_loss", loss}});
  if (!state_.best || loss < state_.best->loss) {
    state_.best = {.loss = loss, .step = state_.step};
    state_.validations_without_best = 0;
  } else {
    ++state_.validations_without_best;
  }
  base::log::debug(base::concat("step ", state_.step, ": validation loss ", base::fixed(loss, 4)));
  profile_.enter(Phase::kOther);
}

void Trainer::save(bool measured) {
  if (measured) validate();
  snapshot();
  profile_.enter(Phase::kSaving);
  const model::NamedTensors moments = step_->moments();
  require_finite(model_->parameters().list());
  require_finite(moments);
  const bool better = validated_ == state_.step &&
                      (!state_.best_checkpoint || score_->loss() < state_.best_checkpoint->loss);
  if (better) state_.best_checkpoint = {.loss = score_->loss(), .step = state_.step};
  folder_.checkpoints().save(config_, corpus_.tokenizer, saved(model_->parameters().list()),
                             saved(moments), state_);
  folder_.write_config(config_);  // those of a resumed run may differ from the earlier ones
  folder_.checkpoints().update_links(state_, config_.checkpoints.keep);
  saved_ = state_.step;
  profile_.enter(Phase::kOther);
}

void Trainer::snapshot() {
  if (snapshot_ == state_.step || !config_.checkpoints.has_snapshot(state_.step, finished()))
    return;
  profile_.enter(Phase::kSaving);
  require_finite(model_->parameters().list());
  folder_.snapshots().save(state_.step, saved(model_->parameters().list()));
  snapshot_ = state_.step;
  profile_.enter(Phase::kOther);
}

void Trainer::require_finite(const model::NamedTensors& tensors) const {
  for (const auto& [name, values] : tensors) {
    if (!at::isfinite(values).all().item<bool>())
      fail_not_finite(base::concat("step ", state_.step, ": ", name, " is not finite"));
  }
}

void Trainer::sample() {
  profile_.enter(Phase::kValidation);
  const spec::TextLayout layout = config_.data.layout;
  const std::string prompt = text::without_line_end(config_.training.sample_prompt, layout);
  const generate::GenerationOptions options{
      .tokens = 100, .sampling = {}, .seed = config_.seed, .threads = runtime_.threads};
  // A stream's first token needs something before it: a newline, as between two paragraphs.
  const std::string start = prompt.empty() && layout == spec::TextLayout::kStream ? "\n" : prompt;
  std::string text;
  const engine::Model copy(config_.model, model_->vocabulary(), model_->parameters().arrays());
  generate::generate(copy, corpus_.tokenizer, layout, start, options,
                     [&](const std::string& more) { text += more; });
  metrics_->add({{"step", state_.step}, {"sample", text}});
  profile_.enter(Phase::kOther);
}

}  // namespace qkv::train
