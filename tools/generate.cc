// qkv-generate: continues a text.

#include <unistd.h>

#include <iostream>

#include "ablation_options.h"
#include "base/files.h"
#include "base/floating_point.h"
#include "base/parallel.h"
#include "base/utf8.h"
#include "checkpoint/checkpoint.h"
#include "cli.h"
#include "generate/generator.h"
#include "generate/printer.h"
#include "text/prompt.h"

namespace {

// Below the limit at which the conversion of larger numbers ends, so that no number is replaced by
// another.
constexpr long kMost = 1L << 40;

}  // namespace

int main(int argc, char** argv) {
  qkv::cli::CommandLine line("qkv-generate", "Continues a text with a causal model.");
  std::string checkpoint_path;
  std::string prompt;
  std::string prompt_file;
  qkv::generate::GenerationOptions options;
  line.add_path("CHECKPOINT", checkpoint_path,
                "a checkpoint folder, or a run folder (opens its best checkpoint)")
      ->required();
  auto* prompt_option = line.add_option("--prompt", prompt, "the text to continue");
  line.add_path("--prompt-file", prompt_file, "a file with the text (- is standard input)")
      ->excludes(prompt_option);
  line.add_option("--tokens", options.tokens, "the largest number of new tokens")
      ->check(qkv::cli::check_whole(0, kMost))
      ->capture_default_str();
  line.add_option("--temperature", options.sampling.temperature,
                  "divides the logits; 0 always takes the most probable token")
      ->capture_default_str();
  line.add_option("--top-k", options.sampling.top_k,
                  "draws from the K most probable tokens; 0: all")
      ->check(qkv::cli::check_whole(0, kMost))
      ->capture_default_str();
  line.add_option("--top-p", options.sampling.top_p,
                  "draws from the fewest tokens whose probabilities reach this sum")
      ->capture_default_str();
  line.add_option("--stop", options.stops,
                  "ends before this text appears; may be given more than once")
      ->allow_extra_args(false);
  line.add_option("--seed", options.seed,
                  "the seed of the random numbers; the same seed gives the same text")
      ->check(qkv::cli::check_whole(0, qkv::cli::kGreatestSeed))
      ->capture_default_str();
  qkv::inspect::AblationRequest ablation;
  qkv::cli::add_ablation(line, ablation);

  return qkv::cli::run_program(line, argc, argv, [&] {
    qkv::generate::check_sampling(options.sampling);
    qkv::inspect::ablation_mode(ablation);
    qkv::checkpoint::find_checkpoint(checkpoint_path);
    if (!prompt_file.empty())
      prompt = qkv::base::read_file(prompt_file, qkv::base::file_limit::kPrompt);
    const std::string prompt_name = prompt_file.empty() ? "--prompt" : prompt_file;
    qkv::base::require_utf8(prompt, prompt_name);  // before the model is read
    qkv::base::flush_subnormals();
    options.threads = qkv::base::threads_of(line.common.threads);
    qkv::checkpoint::Checkpoint checkpoint = qkv::checkpoint::open_checkpoint(checkpoint_path);
    qkv::inspect::ablate(ablation, checkpoint, options.threads);
    const auto layout = checkpoint.config.data.layout;
    prompt = qkv::text::given_prompt(prompt, checkpoint.tokenizer, layout, prompt_name);
    if (prompt.empty() && !prompt_file.empty() && layout != qkv::spec::TextLayout::kLines)
      throw qkv::base::Error("--prompt-file: " + prompt_file +
                             ": found an empty text, expected at least one character");
    qkv::generate::Printer printer(std::cout, ::isatty(STDOUT_FILENO) == 1);
    qkv::generate::generate(*checkpoint.model, checkpoint.tokenizer, layout, prompt, options,
                            [&](const std::string& text) { printer.print(text); });
    printer.finish();
    return 0;
  });
}
