#include "evaluate/request.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/temporary_file.h"
#include "config/output.h"
#include "render/picture_format.h"

namespace qkv::evaluate {
namespace fs = std::filesystem;
namespace {

void require_sense_over_training(const Request& request) {
  const std::pair<const char*, bool> others[] = {
      {"--pairs", request.pairs.has_value()},
      {"--geometry", request.geometry.has_value()},
      {"--detail", !request.details.empty()},
      {"--accuracy-only", request.questions.accuracy_only},
      {"--own-data", request.questions.own_data},
      {"--heads", request.questions.heads},
  };
  for (const auto& [name, given] : others) {
    if (given) {
      throw base::Error(base::concat(
          name,
          ": found --over-training, expected it without this option: it measures the loss, "
          "the accuracy of --probes and the scores of heads"));
    }
  }
  if (request.plot) render::picture_format(*request.plot);
}

}  // namespace

std::vector<SnapshotRun> snapshot_runs(const Request& request) {
  std::vector<SnapshotRun> runs = {open_snapshots(request.checkpoint)};
  if (request.second) runs.push_back(open_snapshots(*request.second));
  for (const std::string& run : request.more) runs.push_back(open_snapshots(run));
  require_same_steps(runs);
  return runs;
}

void require_sense(const Request& request) {
  if (request.over_training) return require_sense_over_training(request);
  if (!request.more.empty()) {
    throw base::Error(base::concat(request.more.front(),
                                   ": found a third checkpoint, expected at most two, or runs "
                                   "with --over-training"));
  }
  if (request.plot) {
    if (!request.probes && !request.geometry)
      throw base::Error("--plot: found neither --probes nor --geometry, expected one of them");
    render::picture_format(*request.plot);
  }
  if (request.questions.accuracy_only && !request.probes)
    throw base::Error("--accuracy-only: found no --probes, expected a file of probes");
  if (!request.questions.own_data) return;
  if (!request.second) throw base::Error("--own-data: found one checkpoint, expected two");
  if (!request.questions.data.empty() || request.pairs || request.probes || request.geometry) {
    throw base::Error(
        "--own-data: found --data, --pairs, --probes or --geometry, expected only the runs' own "
        "texts");
  }
}

Outputs outputs_of(const Request& request) {
  std::vector<fs::path> inputs = request.questions.data;
  for (const auto& input : {request.pairs, request.probes, request.geometry}) {
    if (input) inputs.emplace_back(*input);
  }
  Outputs outputs;
  if (request.plot) outputs.plot = config::output_file(*request.plot, inputs);
  if (request.json && request.json != "-")
    outputs.json = config::output_file(*request.json, inputs);
  if (outputs.json && outputs.plot &&
      outputs.json->lexically_normal() == outputs.plot->lexically_normal())
    throw base::Error("--plot: found the file of --json, expected another");
  return outputs;
}

void require_texts_stay(const Outputs& outputs, const checkpoint::Checkpoint& checkpoint) {
  const config::Config& config = checkpoint.config;
  for (const auto& output : {outputs.json, outputs.plot}) {
    if (!output) continue;
    config::require_no_input(*output, config.data.files());
    if (config.tokenizer.path) config::require_no_input(*output, {*config.tokenizer.path});
  }
}

void keep_data(Request& request) {
  auto& data = request.questions.data;
  const auto named = std::count(data.begin(), data.end(), "-");
  const std::array others = {request.pairs, request.probes, request.geometry};
  if (named + std::count(others.begin(), others.end(), "-") > 1)
    throw base::Error(
        "-: found standard input named twice, expected once, since it can be read only once");
  if (named == 0) return;
  *std::find(data.begin(), data.end(), "-") = base::keep_standard_input();
}

}  // namespace qkv::evaluate
