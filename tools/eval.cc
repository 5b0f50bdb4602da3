// qkv-eval: measures a checkpoint, or two side by side.

#include <iostream>

#include "base/files.h"
#include "checkpoint/checkpoint.h"
#include "cli.h"
#include "evaluate/report.h"

int main(int argc, char** argv) {
  qkv::CommandLine line("qkv-eval", "Measures how well a checkpoint, or two, predict text.");
  std::string first;
  std::string second;
  std::string pairs;
  std::string json;
  qkv::Questions questions;
  line.add_option("CHECKPOINT", first, "a checkpoint folder, or a run folder for its best")
      ->required();
  line.add_option("CHECKPOINT2", second, "another one, shown beside it");
  line.add_option("--data", questions.data,
                  "text to measure on; the run's validation data unless given")
      ->allow_extra_args(false);
  line.add_option("--pairs", pairs, "minimal pairs as BLiMP's JSONL: sentence_good, sentence_bad");
  line.add_option("--json", json, "writes the numbers to this file (- is standard output)");

  return qkv::run_program(line, argc, argv, [&] {
    if (!pairs.empty()) questions.pairs = pairs;
    if (!json.empty() && json != "-") qkv::require_writable(json);
    const qkv::Runtime runtime = qkv::set_up_runtime(
        {.device = "auto", .precision = "float32", .threads = line.common.threads});
    std::vector<qkv::Answers> answers;
    for (const std::string& path : {first, second}) {
      if (!path.empty())
        answers.push_back(qkv::answer(qkv::open_checkpoint(path, runtime), questions, runtime));
    }
    const std::string text = qkv::report_json(answers).dump(2) + "\n";
    if (json == "-") {
      std::cout << text;
      return 0;
    }
    if (!json.empty()) qkv::write_file(json, text);
    std::cout << qkv::report_table(answers);
    return 0;
  });
}
