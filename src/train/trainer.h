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
#include "model/model.h"
#include "predict/loss.h"
#include "text/batches/batches.h"
#include "text/corpus/corpus.h"
#include "train/metrics.h"
#include "train/profile.h"
#include "train/run_folder.h"
#include "train/step.h"
#include "train/training.h"

namespace qkv::train {

/// Trains a model's weights by gradient descent. The weights after step n are a pure function of
/// config, text and n (same build, processor, threads and precision): a batch, its dropout and its
/// masks are drawn from streams keyed by (seed, step), so a resumed run equals an uninterrupted
/// one.
class Trainer {
 public:
  /// Opens text and run folder, makes or resumes the model. Throws Error (Fault::kInput) for any
  /// error in the user's input, before anything is removed or a step is made.
  Trainer(const config::Config& config, TrainingOptions options);

  /// Trains to the end, until it stops early or a signal comes; saves in every case. Throws Error
  /// (Fault::kRun) if a loss or a weight is not finite, which is not saved, or a save fails: the
  /// last good checkpoint stays.
  Ending run();

  const RunFolder& folder() const { return folder_; }
  const checkpoint::TrainerState& state() const { return state_; }
  const model::Model& model() const { return *model_; }
  const text::Corpus& corpus() const { return corpus_; }
  const Profile& profile() const { return profile_; }
  /// How the time was spent: the phases, and the parts of the step.
  std::string profile_table() const;
  /// Whether training.patience was exhausted.
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
  const std::optional<predict::Score>& score() const { return score_; }

 private:
  /// Loads weights, moments and counters of the newest checkpoint. Throws Error if it does not
  /// belong to this run, or has more steps than requested.
  void resume(const std::filesystem::path& checkpoint);
  void train_step();
  /// The batch of the step that follows `step` steps.
  StepBatch batch_after(std::int64_t step) const;
  void validate();
  /// `measured`: after measuring the validation loss. Not if a signal ended the run: an
  /// uninterrupted run would not have measured it there, and the resumed one must stay the same.
  void save(bool measured);
  /// Keeps the weights of this step if checkpoints.snapshots says so. Before the checkpoint of the
  /// step is saved: a run that is resumed there has this snapshot.
  void snapshot();
  /// Throws Error (Fault::kRun) if one of the values is not finite.
  void require_finite(const model::NamedTensors& tensors) const;
  void report(double loss, double gradient_norm);
  void sample();
  bool finished() const { return state_.step >= config_.training.steps || stopped_early(); }
  [[noreturn]] void fail_not_finite(const std::string& what) const;

  config::Config config_;
  model::Runtime runtime_;
  RunFolder folder_;
  text::Corpus corpus_;
  std::unique_ptr<model::Model> model_;
  std::unique_ptr<Step> step_;
  text::TrainingBatches batches_;
  std::optional<StepBatch> next_;  ///< made before the end of the step, while a device computes it
  checkpoint::TrainerState state_;
  std::optional<Metrics> metrics_;
  base::StopSignal stop_;
  Profile profile_;
  std::optional<predict::Score> score_;
  std::int64_t validated_ = -1;  ///< the step of score_
  std::int64_t saved_ = -1;      ///< the step of the newest checkpoint
  std::int64_t snapshot_ = -1;   ///< the step of the newest snapshot of this process
  std::int64_t first_step_ = 0;
  std::uint64_t first_tokens_ = 0;
  double last_loss_ = 0;
  std::uint64_t reported_tokens_ = 0;
  double reported_seconds_ = 0;
};

}  // namespace qkv::train
