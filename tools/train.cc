// qkv-train: trains a model from a JSON config and saves checkpoints.

#include <cmath>
#include <iostream>
#include <utility>

#include "base/format.h"
#include "base/log.h"
#include "base/table.h"
#include "cli.h"
#include "config/derived.h"
#include "config/overrides.h"
#include "train/memory.h"
#include "train/summary.h"
#include "train/trainer.h"

int main(int argc, char** argv) {
  qkv::cli::CommandLine line("qkv-train",
                             "Trains a model from a JSON config and saves checkpoints.");
  std::string config_path;
  std::string out;
  std::vector<std::string> overrides;
  std::string init;
  bool resume = false;
  bool overwrite = false;
  bool dry_run = false;
  bool profile = false;
  line.add_path("CONFIG", config_path, "the run's config, JSON (- is standard input)")->required();
  line.add_path("--out", out, "the folder of the run (default: runs/NAME)");
  line.add_option("--set", overrides, "KEY=VALUE replaces one setting of the config")
      ->allow_extra_args(false);
  auto* resume_flag = line.add_flag("--resume", resume, "continues the run in the folder");
  line.add_flag("--overwrite", overwrite, "removes the run in the folder first")
      ->excludes(resume_flag);
  line.add_path("--init", init, "starts from this checkpoint's weights and tokenizer")
      ->excludes(resume_flag);
  line.add_flag("--dry-run", dry_run, "prints what would be trained, and trains nothing");
  line.add_flag("--profile", profile, "prints how the time was spent");
  // It describes a new run from the config alone.
  for (const char* other : {"--init", "--resume", "--overwrite", "--profile"})
    line.get_option("--dry-run")->excludes(line.get_option(other));

  return qkv::cli::run_program(line, argc, argv, [&] {
    if (line.common.threads > 0)
      overrides.push_back(qkv::base::concat("runtime.threads=", line.common.threads));
    const auto folder = [&](const qkv::config::Config& named) {
      return std::filesystem::path(out.empty() ? "runs/" + named.name : out);
    };
    qkv::train::TrainingOptions options;
    if (!init.empty()) options.init = qkv::checkpoint::open_checkpoint(init);
    const qkv::config::Config config =
        resume         ? qkv::config::load_resumed_config(config_path, overrides, folder)
        : init.empty() ? qkv::config::load_config(config_path, overrides)
                       : qkv::config::load_initialised_config(config_path, overrides,
                                                              options.init->config, init);
    qkv::config::check_overridden(config_path, overrides, [&] {
      qkv::train::check_run(config, config_path);
      qkv::config::check_files(config, config_path);
    });
    if (dry_run) {
      std::cout << qkv::train::describe(config);
      return 0;
    }
    options.out = folder(config);
    options.mode = resume      ? qkv::train::RunMode::kResume
                   : overwrite ? qkv::train::RunMode::kOverwrite
                               : qkv::train::RunMode::kNew;

    qkv::train::Trainer trainer(config, std::move(options));
    const qkv::train::Ending ending = trainer.run();
    if (qkv::base::log::shows_info()) std::cout << qkv::train::summarise(trainer, ending);
    if (profile) std::cout << trainer.profile_table();
    return ending == qkv::train::Ending::kInterrupted ? 128 + trainer.signal() : 0;
  });
}
