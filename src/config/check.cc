#include <unistd.h>

#include "base/error.h"
#include "base/format.h"
#include "config/config.h"
#include "config/fit.h"
#include "spec/kernel_step.h"
#include "spec/misfit.h"

namespace qkv::config {
namespace {

namespace fs = std::filesystem;

template <typename Found>
[[noreturn]] void refuse(const std::string& name, const char* key, const Found& found,
                         const std::string& expected) {
  throw base::Error(base::concat(name, ": ", key, ": found ", found, ", expected ", expected));
}

void check_name(const Config& config, const std::string& name) {
  const std::string& run = config.name;
  bool plain = !run.empty() && run != "." && run != ".." && run.find('/') == std::string::npos;
  plain = plain && base::printable(run) == run;
  if (!plain)
    refuse(name, "name", base::quoted(run),
           "a name for a folder: no '/', no control characters, not \"..\"");
}

void check_training(const Config& config, const std::string& name) {
  const TrainingConfig& training = config.training;
  if (training.warmup_steps > training.steps) {
    refuse(name, "training.warmup_steps", training.warmup_steps,
           base::concat("at most training.steps (", training.steps, ")"));
  }
  if (training.schedule != spec::Schedule::kConstant &&
      training.minimum_learning_rate > training.learning_rate) {
    refuse(name, "training.minimum_learning_rate", base::shortest(training.minimum_learning_rate),
           base::concat("at most training.learning_rate (", base::shortest(training.learning_rate),
                        ")"));
  }
  if (training.sample_every > 0 && !config.model.causal()) {
    refuse(name, "training.sample_every", training.sample_every,
           "0, since a model with the objective \"masked\" cannot continue a text");
  }
  if (training.patience > 0 && config.data.validation.empty() &&
      config.data.validation_fraction == 0) {
    refuse(name, "training.patience", training.patience,
           "0, since there is no validation text: data.validation is empty and "
           "data.validation_fraction is 0");
  }
}

void check_snapshots(const Config& config, const std::string& name) {
  if (!config.checkpoints.snapshots) return;
  for (const std::int64_t step : *config.checkpoints.snapshots) {
    if (step > config.training.steps) {
      refuse(name, "checkpoints.snapshots", step,
             base::concat("steps of at most training.steps (", config.training.steps, ")"));
    }
  }
}

void check_kernels(const Config& config, const std::string& name) {
  if (config.runtime.kernels != spec::Kernels::kCheck) return;
  if (!spec::has_kernel_step(config.model) || config.runtime.device == spec::Device::kCuda) {
    refuse(name, "runtime.kernels", "\"check\"",
           "\"fused\" or \"plain\": there are no kernels to check for this model and device");
  }
}

void check_file(const fs::path& path, const std::string& name, const char* key) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  const auto expected = [&](const char* what) {
    refuse(name, key, base::quoted(path.string(), 200), what);
  };
  if (!fs::exists(status)) expected("an existing file");
  if (fs::is_directory(status)) expected("a file, not a folder");
  if (!fs::is_regular_file(status)) expected("a regular file");
  if (::access(path.c_str(), R_OK) != 0) expected("a file that can be read");
}

}  // namespace

void check_model(const spec::ModelConfig& model, const std::string& name, std::int64_t vocabulary,
                 const Defaults& defaults) {
  if (const auto misfit = spec::find_misfit(model))
    refuse(name, misfit->key, misfit->found, misfit->expected);
  require_model_fits(model, name, vocabulary, defaults);
}

void check_config(const Config& config, const std::string& name,
                  std::optional<std::int64_t> vocabulary, const RunMemory& run_memory) {
  const std::int64_t size = vocabulary.value_or(config.tokenizer.vocabulary + kFixedPieces);
  Config known = config;
  // The text may be short.
  if (!vocabulary) known.model.context = fitting_context(config, 0);
  check_name(config, name);
  check_model(known.model, name, size, config.defaults);
  check_training(config, name);
  check_snapshots(config, name);
  check_kernels(config, name);
  // On a CUDA device, the activations are in other memory.
  if (run_memory && config.runtime.device != spec::Device::kCuda)
    require_run_fits(known, name, size, run_memory);
}

void check_files(const Config& config, const std::string& name) {
  if (config.tokenizer.path) check_file(*config.tokenizer.path, name, "tokenizer.path");
  for (const fs::path& path : config.data.train) check_file(path, name, "data.train");
  for (const fs::path& path : config.data.validation) {
    check_file(path, name, "data.validation");
    for (const fs::path& learned : config.data.train) {
      std::error_code error;
      if (fs::equivalent(path, learned, error)) {
        refuse(name, "data.validation", base::quoted(path.string(), 200),
               "a file that is not in data.train");
      }
    }
  }
}

}  // namespace qkv::config
