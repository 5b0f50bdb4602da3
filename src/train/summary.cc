#include "train/summary.h"

#include <cmath>

#include "base/format.h"
#include "base/json.h"
#include "base/table.h"
#include "train/memory.h"
#include "train/step.h"

namespace qkv::train {
namespace {

/// The size of a run's training text and validation text.
void add_sizes(base::Table& table, const text::Corpus& corpus) {
  const std::uint64_t train = corpus.train.size();
  table.add({"training tokens", base::with_commas(train)});
  if (!corpus.validation) {
    table.add({"validation tokens", "none"});
    return;
  }
  const std::uint64_t validation = corpus.validation->size();
  const double share =
      100 * static_cast<double>(validation) / static_cast<double>(train + validation);
  table.add({"validation tokens",
             base::concat(base::with_commas(validation), ", ",
                          base::fixed(share, share < 1 ? 3 : 1), "% of all tokens")});
}

}  // namespace

std::string describe(const config::Config& wanted) {
  const text::Corpus corpus = text::open_corpus(wanted);
  config::Config config = wanted;
  config.model.context = corpus.context;
  const std::int64_t vocabulary = corpus.tokenizer.size();
  check_run(config, config.name, vocabulary);
  if (config.runtime.kernels == spec::Kernels::kCheck)
    require_kernels_to_check(config, model::set_up_runtime(config.runtime));
  base::Table table;
  table.add({"parameters", base::with_commas(static_cast<std::uint64_t>(
                               spec::count_parameters(config.model, vocabulary)))});
  table.add({"vocabulary", base::with_commas(static_cast<std::uint64_t>(vocabulary))});
  add_sizes(table, corpus);
  const text::Objective objective{.causal = config.model.causal(),
                                  .vocabulary = static_cast<std::int32_t>(vocabulary)};
  const auto add_cut = [&](const char* name, const text::CutDocuments& cut) {
    if (cut.count > 0) table.add({name, text::to_text(cut, config.model.context)});
  };
  const std::int64_t context = config.model.context;
  add_cut("cut in training",
          text::TrainingBatches(corpus.train, context, objective, config.seed).cut());
  if (corpus.validation) {
    add_cut("cut in validation",
            text::ValidationBatches(*corpus.validation, context, objective, config.seed).cut());
  }
  const config::TrainingConfig& training = config.training;
  table.add({"tokens per step",
             base::with_commas(static_cast<std::uint64_t>(
                 training.batch_size * training.accumulation * config.model.context))});
  table.add({"memory at most, about", base::human_bytes(estimate_memory(config, vocabulary))});
  return base::printable_json(config::to_json(config)) + "\n" + table.text();
}

std::string summarise(const Trainer& trainer, Ending ending) {
  const checkpoint::TrainerState& state = trainer.state();
  const std::string folder = base::printable(trainer.folder().path().string());
  base::Table table;
  switch (ending) {
    case Ending::kAlreadyFinished:
      table.add({"finished", trainer.stopped_early()
                                 ? "earlier, before the last step; nothing to do"
                                 : "earlier; nothing to do"});
      break;
    case Ending::kStoppedEarly:
      table.add({"finished", base::concat("early: no better validation loss in ",
                                          state.validations_without_best, " validations")});
      break;
    case Ending::kInterrupted:
      table.add({"interrupted", "continue with --resume"});
      break;
    case Ending::kFinished:
      break;
  }
  // Time and speed are those of this process, which may have made only some of the steps.
  const bool resumed = trainer.resumed() && trainer.steps_made() > 0;
  const auto counted = [&](std::uint64_t all, std::uint64_t now) {
    return resumed ? base::concat(base::with_commas(all), ", including ", base::with_commas(now),
                                  " since the resume")
                   : base::with_commas(all);
  };
  table.add({"steps", counted(static_cast<std::uint64_t>(state.step),
                              static_cast<std::uint64_t>(trainer.steps_made()))});
  table.add({"tokens", counted(state.tokens, trainer.tokens_read())});
  add_sizes(table, trainer.corpus());
  const Profile& profile = trainer.profile();
  if (trainer.steps_made() > 0) {
    table.add({resumed ? "time since the resume" : "time",
               base::concat(base::human_seconds(profile.total()), " (",
                            base::human_seconds(profile.training_seconds()), " of training)")});
    table.add({"tokens/s",
               base::with_commas(static_cast<std::uint64_t>(
                   static_cast<double>(trainer.tokens_read()) / profile.training_seconds()))});
  }
  if (state.best) {
    table.add({"best validation loss", base::concat(base::fixed(state.best->loss, 4),
                                                    " nats per token at step ", state.best->step)});
    table.add({"perplexity", base::fixed(std::exp(state.best->loss), 3)});
  }
  if (const auto& score = trainer.score(); score) {
    table.add({"last validation loss",
               base::concat(base::fixed(score->loss(), 4), " nats per token, accuracy ",
                            base::fixed(score->accuracy() * 100, 1), "%")});
    if (trainer.model().config().causal() && score->cut.count == 0)
      table.add({"last bits per byte", base::fixed(score->bits_per_byte(), 4)});
  }
  table.add({"best checkpoint", folder + "/checkpoints/best"});
  table.add({"last checkpoint", folder + "/checkpoints/last"});
  table.add({"metrics", folder + "/metrics.jsonl, " + folder + "/tensorboard"});
  return table.text();
}

}  // namespace qkv::train
