// qkv-eval: measures a checkpoint, or two side by side.

#include <iostream>

#include "ablation_options.h"
#include "base/files.h"
#include "base/floating_point.h"
#include "base/parallel.h"
#include "checkpoint/checkpoint.h"
#include "cli.h"
#include "evaluate/over_training/course_report.h"
#include "evaluate/plot.h"
#include "evaluate/probes/detail_request.h"
#include "evaluate/report.h"
#include "evaluate/request.h"

int main(int argc, char** argv) {
  qkv::cli::CommandLine line("qkv-eval", "Measures how well one or two checkpoints predict text.");
  qkv::evaluate::Request request;
  line.add_path("CHECKPOINT", request.checkpoint,
                "a checkpoint folder, or a run folder (opens its best checkpoint)")
      ->required();
  line.add_path("CHECKPOINT2", request.second, "a second checkpoint, shown next to the first");
  line.add_path("RUN", request.more, "more runs, with --over-training");
  line.add_flag("--over-training", request.over_training,
                "measures each snapshot of a run, or of several: loss, --probes, heads");
  line.add_path("--data", request.questions.data,
                "text to measure on (default: the run's validation text)")
      ->allow_extra_args(false);
  line.add_flag("--own-data", request.questions.own_data,
                "measures each of two runs on its own validation text, even if these differ");
  line.add_path("--pairs", request.pairs,
                "minimal pairs as BLiMP's JSONL: sentence_good, sentence_bad");
  line.add_path("--probes", request.probes,
                "questions about labelled sentences, e.g. data/world/probes.jsonl");
  line.add_path("--geometry", request.geometry,
                "words whose embeddings should be similar, e.g. data/world/geometry.json");
  line.add_flag("--heads", request.questions.heads,
                "says what each head attends to, on repeated tokens and on the text");
  line.add_path(
      "--plot", request.plot,
      "draws the results of probes, geometry or --over-training into this .png, .svg or .pdf "
      "file");
  line.add_flag("--accuracy-only", request.questions.accuracy_only,
                "measures only the accuracy of probes, not their attention");
  line.add_option("--detail", request.details,
                  "with --probes: more tables, a list of layers, controls, distance, heads")
      ->delimiter(',')
      ->allow_extra_args(false);
  qkv::inspect::AblationRequest ablation;
  qkv::cli::add_ablation(line, ablation);
  line.add_path("--json", request.json, "writes the numbers to this file (- is standard output)");

  return qkv::cli::run_program(line, argc, argv, [&] {
    qkv::evaluate::require_sense(request);
    qkv::inspect::ablation_mode(ablation);
    if (ablation.parts && request.over_training)
      throw qkv::base::Error("--ablate: found --over-training, expected one of them");
    const std::vector<qkv::evaluate::ProbeDetail> details = qkv::evaluate::probe_details(
        request.details, request.probes.has_value(), request.questions.accuracy_only);
    qkv::checkpoint::find_checkpoint(request.checkpoint);
    if (request.second) qkv::checkpoint::find_checkpoint(*request.second);
    std::vector<qkv::evaluate::SnapshotRun> runs;
    if (request.over_training) runs = qkv::evaluate::snapshot_runs(request);
    const qkv::evaluate::Outputs outputs = qkv::evaluate::outputs_of(request);
    qkv::evaluate::keep_data(request);
    if (request.pairs) request.questions.pairs = qkv::evaluate::read_pairs(*request.pairs);
    if (request.probes) request.questions.probes = qkv::world::read_probes(*request.probes);
    if (request.geometry) request.questions.geometry = qkv::world::read_geometry(*request.geometry);

    qkv::base::flush_subnormals();
    std::vector<qkv::checkpoint::Checkpoint> checkpoints;
    checkpoints.push_back(qkv::checkpoint::open_checkpoint(request.checkpoint));
    if (request.second) checkpoints.push_back(qkv::checkpoint::open_checkpoint(*request.second));
    for (const std::string& run : request.more)
      checkpoints.push_back(qkv::checkpoint::open_checkpoint(run));
    const int threads = qkv::base::threads_of(line.common.threads);
    for (auto& checkpoint : checkpoints) {
      qkv::evaluate::require_texts_stay(outputs, checkpoint);
      qkv::inspect::ablate(ablation, checkpoint, threads);
    }
    const auto report = [&](const std::string& json, const std::string& text, const auto& page) {
      if (outputs.json) qkv::base::write_file(*outputs.json, json);
      std::cout << (request.json == "-" ? json : text);
      if (outputs.plot)
        qkv::render::draw_charts(page(), *outputs.plot, qkv::render::picture_format(*request.plot));
    };
    if (request.over_training) {
      const std::vector<qkv::evaluate::Course> courses =
          qkv::evaluate::courses_of(runs, checkpoints, request.questions, threads);
      report(qkv::evaluate::course_json(courses), qkv::evaluate::course_text(courses),
             [&] { return qkv::evaluate::course_plot(courses); });
    } else {
      const std::vector<qkv::evaluate::Answers> answers =
          qkv::evaluate::measure(checkpoints, request.questions, threads);
      report(qkv::evaluate::report_json(answers), qkv::evaluate::report_table(answers, details),
             [&] { return qkv::evaluate::report_plot(answers); });
    }
    return 0;
  });
}
