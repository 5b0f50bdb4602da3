// qkv-generate: continues a text.

#include <chrono>
#include <iostream>

#include "base/error.h"
#include "base/files.h"
#include "base/utf8.h"
#include "checkpoint/checkpoint.h"
#include "cli.h"
#include "generate/generator.h"

namespace {

// Below what the conversion of a greater number would end at, so that none is taken for another.
constexpr long kMost = 1L << 40;

using Clock = std::chrono::steady_clock;
// Text is shown as it comes, but who reads it is woken no more often than an eye sees.
constexpr auto kPause = std::chrono::milliseconds(20);

}  // namespace

int main(int argc, char** argv) {
  qkv::CommandLine line("qkv-generate", "Continues a text with a causal model.");
  std::string checkpoint_path;
  std::string prompt;
  std::string prompt_file;
  qkv::GenerationOptions options;
  line.add_path("CHECKPOINT", checkpoint_path, "a checkpoint folder, or a run folder for its best")
      ->required();
  auto* prompt_option = line.add_option("--prompt", prompt, "the text to continue");
  line.add_path("--prompt-file", prompt_file, "a file that holds it (- is standard input)")
      ->excludes(prompt_option);
  line.add_option("--tokens", options.tokens, "at most so many new tokens")
      ->check(qkv::check_whole(0, kMost))
      ->capture_default_str();
  line.add_option("--temperature", options.sampling.temperature,
                  "divides the logits; 0 takes the likeliest")
      ->capture_default_str();
  line.add_option("--top-k", options.sampling.top_k, "only the K likeliest; 0: all")
      ->check(qkv::check_whole(0, kMost))
      ->capture_default_str();
  line.add_option("--top-p", options.sampling.top_p, "only the fewest that reach this probability")
      ->capture_default_str();
  line.add_option("--seed", options.seed, "draws the same text again")
      ->check(qkv::check_whole(0, qkv::kGreatestSeed))
      ->capture_default_str();

  return qkv::run_program(line, argc, argv, [&] {
    qkv::check_sampling(options.sampling);
    qkv::find_checkpoint(checkpoint_path);
    if (!prompt_file.empty()) prompt = qkv::read_file(prompt_file, qkv::file_limit::kPrompt);
    qkv::require_utf8(prompt, prompt_file.empty() ? "--prompt" : prompt_file);
    const qkv::Runtime runtime = qkv::set_up_runtime(
        {.device = "auto", .precision = "float32", .threads = line.common.threads});
    const qkv::Checkpoint checkpoint = qkv::open_checkpoint(checkpoint_path, runtime);
    // The prompt and the first token at once.
    const auto print = [shown = Clock::time_point(), early = 2](const std::string& text) mutable {
      std::cout << text;
      if (const auto now = Clock::now(); early > 0 || now - shown >= kPause) {
        std::cout << std::flush;
        shown = now;
        if (early > 0) --early;
      }
    };
    qkv::generate(*checkpoint.model, checkpoint.tokenizer, checkpoint.config.data.layout, prompt,
                  options, print);
    std::cout << std::endl;
    return 0;
  });
}
