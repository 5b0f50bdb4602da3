// qkv-eval: measures a checkpoint, or two side by side.

#include <algorithm>
#include <array>
#include <iostream>

#include "base/error.h"
#include "base/files.h"
#include "base/temporary_file.h"
#include "checkpoint/checkpoint.h"
#include "cli.h"
#include "evaluate/plot.h"
#include "evaluate/report.h"

namespace {

/// What the command line asks for.
struct Request {
  std::string checkpoint;
  std::optional<std::string> second;
  std::vector<std::filesystem::path> data;
  std::optional<std::string> pairs;
  std::optional<std::string> probes;
  std::optional<std::string> geometry;
  bool accuracy_only = false;
  std::optional<std::string> json;
  std::optional<std::string> plot;
};

/// Standard input comes once, but two checkpoints read the data: a file takes its place. Throws
/// Error where two options want it.
void keep_data(Request& request) {
  const auto named = std::count(request.data.begin(), request.data.end(), "-");
  const std::array others = {request.pairs, request.probes, request.geometry};
  if (named + std::count(others.begin(), others.end(), "-") > 1)
    throw qkv::Error("-: found standard input named twice, expected once: it can be read once");
  if (named == 0) return;
  *std::find(request.data.begin(), request.data.end(), "-") = qkv::keep_standard_input();
}

struct Plot {
  std::filesystem::path path;
  qkv::PictureFormat format;
};

/// Throws Error where nothing can be drawn, or not in this format.
std::optional<Plot> plot_of(const Request& request) {
  if (!request.plot) return std::nullopt;
  if (!request.probes && !request.geometry)
    throw qkv::Error("--plot: found neither --probes nor --geometry, expected what to draw");
  const qkv::PictureFormat format = qkv::picture_format(*request.plot);
  return Plot{.path = *request.plot, .format = format};
}

}  // namespace

int main(int argc, char** argv) {
  qkv::CommandLine line("qkv-eval", "Measures how well one or two checkpoints predict text.");
  Request request;
  line.add_path("CHECKPOINT", request.checkpoint,
                "a checkpoint folder, or a run folder (opens its best checkpoint)")
      ->required();
  line.add_path("CHECKPOINT2", request.second, "a second checkpoint, shown next to the first");
  line.add_path("--data", request.data, "text to measure on (default: the run's validation text)")
      ->allow_extra_args(false);
  line.add_path("--pairs", request.pairs,
                "minimal pairs as BLiMP's JSONL: sentence_good, sentence_bad");
  line.add_path("--probes", request.probes,
                "questions about labelled sentences, e.g. data/world/probes.jsonl");
  line.add_path("--geometry", request.geometry,
                "words whose embeddings should be similar, e.g. data/world/geometry.json");
  line.add_path("--plot", request.plot,
                "draws the results of probes and geometry into this .png, .svg or .pdf file");
  line.add_flag("--accuracy-only", request.accuracy_only,
                "measures only the accuracy of probes, not their attention");
  line.add_path("--json", request.json, "writes the numbers to this file (- is standard output)");

  return qkv::run_program(line, argc, argv, [&] {
    std::optional<Plot> plot = plot_of(request);
    qkv::find_checkpoint(request.checkpoint);
    if (request.second) qkv::find_checkpoint(*request.second);
    if (plot) plot->path = qkv::writable_file(plot->path);
    std::optional<std::filesystem::path> json;
    if (request.json && request.json != "-") json = qkv::writable_file(*request.json);
    keep_data(request);
    qkv::Questions questions{
        .data = request.data, .pairs = {}, .probes = {}, .accuracy_only = request.accuracy_only};
    if (request.pairs) questions.pairs = qkv::read_pairs(*request.pairs);
    if (request.probes) questions.probes = qkv::read_probes(*request.probes);
    if (request.geometry) questions.geometry = qkv::read_geometry(*request.geometry);

    const qkv::Runtime runtime = qkv::set_up_runtime(
        {.device = "auto", .precision = "float32", .threads = line.common.threads});
    std::vector<qkv::Answers> answers;
    const auto ask = [&](const std::string& path) {
      answers.push_back(qkv::answer(qkv::open_checkpoint(path, runtime), questions, runtime));
    };
    ask(request.checkpoint);
    if (request.second) ask(*request.second);

    if (json) qkv::write_file(*json, qkv::report_json(answers));
    std::cout << (request.json == "-" ? qkv::report_json(answers) : qkv::report_table(answers));
    if (plot) qkv::draw_charts(qkv::report_plot(answers), plot->path, plot->format);
    return 0;
  });
}
