#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/signals.h"
#include "checkpoint/checkpoint.h"
#include "config/config.h"
#include "evaluate/loss.h"
#include "text/batches.h"
#include "text/corpus.h"
#include "train/captured_step.h"
#include "train/fused_training.h"
#include "train/gradients.h"
#include "train/metrics.h"
#include "train/optimizer.h"
#include "train/profile.h"
#include "train/run_folder.h"

namespace qkv::train {

/// The config with the device that it runs on here, which "auto" leaves open: for check_config.
config::Config on_its_device(config::Config config);

struct TrainingOptions {
  std::filesystem::path out;  ///< the run's folder
  RunMode mode = RunMode::kNew;
  std::optional<std::filesystem::path>
      init;  ///< a checkpoint whose weights and tokenizer are the start
};

/// How a run ended.
enum class Ending { kFinished, kStoppedEarly, kInterrupted, kAlreadyFinished };

/// Learns a model's weights by gradient descent. The weights after step n are a pure function of
/// config, text and n (same build, processor, threads and precision): a batch, its dropout and its
/// masks are drawn from streams keyed by (seed, step), so a resumed run is the uninterrupted one.
class Trainer {
 public:
  /// Opens text and run folder, makes or resumes the model. Throws Error (Fault::kInput) for
  /// whatever the user gave wrong, before anything is removed or a step made.
  Trainer(const config::Config& config, const TrainingOptions& options);

  /// Trains to the end, until it stops early or a signal comes; saves in every case. Throws Error
  /// (Fault::kRun) where a loss or a weight is not finite, which is not saved, or a save fails: the
  /// last good checkpoint stays.
  Ending run();

  const RunFolder& folder() const { return folder_; }
  const checkpoint::TrainerState& state() const { return state_; }
  const model::Model& model() const { return *model_; }
  const text::Corpus& corpus() const { return corpus_; }
  const Profile& profile() const { return profile_; }
  /// Where the time went: the phases, and what the gradient consists of.
  std::string profile_table() const;
  /// Whether training.patience ran out.
  bool stopped_early() const {
    const std::int64_t patience = config_.training.patience;
    return patience > 0 && state_.validations_without_best >= patience;
  }
  /// The signal that interrupted the run, or 0.
  int signal() const { return stop_.caught(); }
  /// Steps made by this process.
  std::int64_t steps_made() const { return state_.step - first_step_; }
  std::uint64_t tokens_read() const { return state_.tokens - first_tokens_; }
  /// Whether an earlier process made the first steps of the run.
  bool resumed() const { return first_step_ > 0; }
  /// The last validation of this process.
  const std::optional<evaluate::Score>& score() const { return score_; }

 private:
  /// Takes weights, moments and counters of the newest checkpoint. Throws Error where it is none of
  /// this run, or has made more steps than are asked for.
  void resume(const std::filesystem::path& checkpoint);
  /// The micro-batches of a step, and how many targets and tokens are in them.
  struct StepBatches {
    std::vector<text::Batch> batches;
    std::uint64_t predicted = 0;
    std::uint64_t tokens = 0;
  };

  void train_step();
  /// Those of step number `step`, from 0.
  StepBatches batches_of(std::int64_t step) const;
  /// Gradient and update.
  CapturedStep::Result make_step(const StepBatches& step);
  void validate();
  /// `measured`: by the validation loss first. Not where a signal ended the run: an uninterrupted
  /// run would not have looked there, and the resumed one must stay the same.
  void save(bool measured);
  void report(double loss, double gradient_norm);
  void sample();
  bool finished() const { return state_.step >= config_.training.steps || stopped_early(); }
  [[noreturn]] void fail_not_finite(const std::string& what) const;

  config::Config config_;
  model::Runtime runtime_;
  RunFolder folder_;
  text::Corpus corpus_;
  std::unique_ptr<model::Model> model_;
  std::unique_ptr<FusedTraining> fused_;
  std::unique_ptr<Gradients> plain_;  ///< where there is no fused one
  Optimizer optimizer_;
  std::unique_ptr<CapturedStep> captured_;  ///< where the device takes a whole step at once
  text::TrainingBatches batches_;
  std::optional<StepBatches> next_;  ///< made while the device was at the step before
  checkpoint::TrainerState state_;
  std::optional<Metrics> metrics_;
  base::StopSignal stop_;
  Profile profile_;
  std::optional<evaluate::Score> score_;
  std::int64_t validated_ = -1;  ///< the step of score_
  std::int64_t saved_ = -1;      ///< the step of the newest checkpoint
  std::int64_t first_step_ = 0;
  std::uint64_t first_tokens_ = 0;
  double last_loss_ = 0;
  std::uint64_t reported_tokens_ = 0;
  double reported_seconds_ = 0;
};

}  // namespace qkv::train
