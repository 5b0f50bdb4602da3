// qkv-eval: measures a checkpoint, or two side by side.

#include <algorithm>
#include <array>
#include <iostream>

#include "base/error.h"
#include "base/files.h"
#include "checkpoint/checkpoint.h"
#include "cli.h"
#include "evaluate/detail_request.h"
#include "evaluate/plot.h"
#include "evaluate/report.h"

namespace {

/// What the command line asks for.
struct Request {
  std::string checkpoint;
  std::optional<std::string> second;
  qkv::Questions questions;
  std::optional<std::string> pairs;
  std::optional<std::string> probes;
  std::optional<std::string> geometry;
  std::vector<std::string> details;
  std::optional<std::string> json;
  std::optional<std::string> plot;
};

/// Standard input comes once, but two checkpoints read the data: a file in `scratch` takes its
/// place. Throws Error where two options want it.
void keep_standard_input(Request& request, std::optional<qkv::TemporaryFolder>& scratch) {
  const auto named = std::count(request.questions.data.begin(), request.questions.data.end(), "-");
  const std::array others = {request.pairs, request.probes, request.geometry};
  if (named + std::count(others.begin(), others.end(), "-") > 1)
    throw qkv::Error("-: found standard input named twice, expected once: it can be read once");
  if (named == 0) return;
  std::filesystem::path& path =
      *std::find(request.questions.data.begin(), request.questions.data.end(), "-");
  scratch.emplace();
  path = scratch->path() / "standard input";
  qkv::write_file(path, qkv::read_file("-"));
}

/// Where the picture goes. Throws Error where none can be written there.
std::optional<std::filesystem::path> plot_of(const Request& request) {
  if (!request.plot) return std::nullopt;
  if (!request.probes && !request.geometry)
    throw qkv::Error("--plot: found neither --probes nor --geometry, expected what to draw");
  qkv::picture_format(*request.plot);
  return qkv::writable_file(*request.plot);
}

}  // namespace

int main(int argc, char** argv) {
  qkv::CommandLine line("qkv-eval",
                        "Measures how well a checkpoint predicts text, or compares two.");
  Request request;
  line.add_option("CHECKPOINT", request.checkpoint,
                  "a checkpoint folder, or a run folder for its best")
      ->check(qkv::check_path)
      ->required();
  line.add_option("CHECKPOINT2", request.second, "another one, to show beside it")
      ->check(qkv::check_path);
  line.add_option("--data", request.questions.data,
                  "the text to measure on; without it the run's validation text")
      ->check(qkv::check_path)
      ->allow_extra_args(false);
  line.add_flag("--own-data", request.questions.own_data,
                "measure each of two runs on its own validation text, even if these differ");
  line.add_option("--pairs", request.pairs,
                  "minimal pairs in BLiMP's JSONL form: sentence_good, sentence_bad")
      ->check(qkv::check_path);
  line.add_option("--probes", request.probes,
                  "sentences with known answers and evidence, e.g. data/world/probes.jsonl")
      ->check(qkv::check_path);
  line.add_option("--geometry", request.geometry,
                  "words whose relations are known, e.g. data/world/geometry.json")
      ->check(qkv::check_path);
  line.add_option("--plot", request.plot,
                  "draw the results of --probes and --geometry to this .png, .svg or .pdf file")
      ->check(qkv::check_path);
  line.add_flag("--accuracy-only", request.questions.accuracy_only,
                "with --probes: count right answers only, do not examine attention");
  line.add_option("--detail", request.details,
                  "with --probes: more tables, a list of layers, controls, distance, heads")
      ->delimiter(',')
      ->allow_extra_args(false);
  line.add_option("--json", request.json, "write the numbers to this file (- is standard output)")
      ->check(qkv::check_path);

  return qkv::run_program(line, argc, argv, [&] {
    std::optional<std::filesystem::path> json;
    if (request.json && request.json != "-") json = qkv::writable_file(*request.json);
    const std::optional<std::filesystem::path> plot = plot_of(request);
    const std::vector<qkv::ProbeDetail> details = qkv::probe_details(
        request.details, request.probes.has_value(), request.questions.accuracy_only);
    std::optional<qkv::TemporaryFolder> scratch;
    keep_standard_input(request, scratch);
    if (request.pairs) request.questions.pairs = qkv::read_pairs(*request.pairs);
    if (request.probes) request.questions.probes = qkv::read_probes(*request.probes);
    if (request.geometry) request.questions.geometry = qkv::read_geometry(*request.geometry);

    const qkv::Runtime runtime = qkv::set_up_runtime(
        {.device = "auto", .precision = "float32", .threads = line.common.threads});
    std::vector<qkv::Checkpoint> checkpoints;
    checkpoints.push_back(qkv::open_checkpoint(request.checkpoint, runtime));
    if (request.second) checkpoints.push_back(qkv::open_checkpoint(*request.second, runtime));
    const std::vector<qkv::Answers> answers = qkv::measure(checkpoints, request.questions, runtime);

    if (json) qkv::write_file(*json, qkv::report_json(answers));
    std::cout << (request.json == "-" ? qkv::report_json(answers)
                                      : qkv::report_table(answers, details));
    if (plot)
      qkv::draw_charts(qkv::report_plot(answers), *plot, qkv::picture_format(*request.plot));
    return 0;
  });
}
