#include "train/summary.h"

#include <cmath>

#include "base/format.h"
#include "base/table.h"

namespace qkv {

std::string describe(const Config& config) {
  const Corpus corpus = open_corpus(config);
  const std::int64_t vocabulary = corpus.tokenizer.size();
  check_config(on_its_device(config), config.name, vocabulary);
  Table table;
  table.add({"parameters",
             with_commas(static_cast<std::uint64_t>(count_parameters(config.model, vocabulary)))});
  table.add({"vocabulary", with_commas(static_cast<std::uint64_t>(vocabulary))});
  table.add({"training tokens", with_commas(corpus.train.size())});
  table.add(
      {"validation tokens", corpus.validation ? with_commas(corpus.validation->size()) : "none"});
  const TrainingConfig& training = config.training;
  table.add({"tokens per step",
             with_commas(static_cast<std::uint64_t>(training.batch_size * training.accumulation *
                                                    config.model.context))});
  table.add({"memory at most, about", human_bytes(estimate_memory(config, vocabulary))});
  return to_json(config).dump(2) + "\n" + table.text();
}

std::string summarise(const Trainer& trainer, Ending ending) {
  const TrainerState& state = trainer.state();
  const std::string folder = trainer.folder().path().string();
  Table table;
  switch (ending) {
    case Ending::kAlreadyFinished:
      table.add({"finished", trainer.stopped_early() ? "before, early: nothing to do"
                                                     : "before: nothing to do"});
      break;
    case Ending::kStoppedEarly:
      table.add({"finished", concat("early: no better validation loss in ",
                                    state.validations_without_best, " validations")});
      break;
    case Ending::kInterrupted:
      table.add({"interrupted", "go on with --resume"});
      break;
    case Ending::kFinished:
      break;
  }
  // Time and speed are those of this process, which may not have made all the steps.
  const bool resumed = trainer.resumed() && trainer.steps_made() > 0;
  const auto counted = [&](std::uint64_t all, std::uint64_t now) {
    return resumed ? concat(with_commas(all), ", of these ", with_commas(now), " since the resume")
                   : with_commas(all);
  };
  table.add({"steps", counted(static_cast<std::uint64_t>(state.step),
                              static_cast<std::uint64_t>(trainer.steps_made()))});
  table.add({"tokens", counted(state.tokens, trainer.tokens_read())});
  const Profile& profile = trainer.profile();
  if (trainer.steps_made() > 0) {
    table.add({resumed ? "time since the resume" : "time",
               concat(human_seconds(profile.total()), " (",
                      human_seconds(profile.training_seconds()), " of training)")});
    table.add({"tokens/s",
               with_commas(static_cast<std::uint64_t>(static_cast<double>(trainer.tokens_read()) /
                                                      profile.training_seconds()))});
  }
  if (state.best) {
    table.add({"best validation loss",
               concat(fixed(state.best->loss, 4), " nats per token at step ", state.best->step)});
    table.add({"perplexity", fixed(std::exp(state.best->loss), 3)});
  }
  if (const auto& score = trainer.score(); score) {
    table.add({"last validation loss", concat(fixed(score->loss(), 4), " nats per token, accuracy ",
                                              fixed(score->accuracy() * 100, 1), "%")});
    if (trainer.model().config().causal() && score->cut_documents == 0)
      table.add({"last bits per byte", fixed(score->bits_per_byte(), 4)});
  }
  table.add({"best checkpoint", folder + "/checkpoints/best"});
  table.add({"last checkpoint", folder + "/checkpoints/last"});
  table.add({"metrics", folder + "/metrics.jsonl, " + folder + "/tensorboard"});
  return table.text();
}

}  // namespace qkv
