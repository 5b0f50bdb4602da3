#include "inspect/request.h"

#include <filesystem>

#include "base/error.h"
#include "config/output.h"

namespace qkv::inspect {
namespace fs = std::filesystem;
namespace {

std::vector<fs::path> inputs_of(const Request& request, const checkpoint::Checkpoint& checkpoint) {
  std::vector<fs::path> inputs = checkpoint.config.data.files();
  if (request.text_file) inputs.emplace_back(*request.text_file);
  for (const auto& analysis : request.demand.analyses) {
    const std::vector<fs::path> read = analysis->inputs();
    inputs.insert(inputs.end(), read.begin(), read.end());
  }
  return inputs;
}

/// require_sense for a data set.
void require_sense_of_texts(const Request& request) {
  if (!request.out) throw base::Error("--texts: found no --out, expected a file to write");
  if (!request.taps)
    throw base::Error("--texts: found no --taps, expected a pattern such as 'layers.*.output'");
  if (!request.demand.analyses.empty())
    throw base::Error("--texts: found " + request.demand.analyses.front()->option() +
                      ", which is for one text, expected --text");
  if (request.format || request.trace || request.demand.choice.layer || request.demand.choice.head)
    throw base::Error(
        "--texts: found --format, --trace, --layer or --head, expected --text for them");
  ablation_mode(request.ablation);
}

}  // namespace

void require_sense(const Request& request) {
  if (request.texts) return require_sense_of_texts(request);
  if (request.taps) throw base::Error("--taps: found no --texts, expected a file of texts");
  const HeadChoice& choice = request.demand.choice;
  const bool asks_words = request.neighbours || !request.analogy.empty();
  for (const auto& analysis : request.demand.analyses) {
    if (!request.has_text())
      throw base::Error(analysis->option() + ": found no text, expected --text or --text-file");
    if (!analysis->prints() && !request.out)
      throw base::Error(analysis->option() + ": found no --out, expected a folder for its files");
  }
  if (!request.has_text() && (request.out || request.trace))
    throw base::Error("--out, --trace: found no text, expected --text or --text-file");
  ablation_mode(request.ablation);
  if (request.ablation.parts && !request.has_text())
    throw base::Error("--ablate: found no text, expected --text or --text-file");
  if (request.format && !request.out)
    throw base::Error("--format: found no --out, expected a folder for the files");
  if ((choice.layer || choice.head) && !request.out && !request.trace)
    throw base::Error("--layer, --head: found neither --out nor --trace, expected one of them");
  if (!request.has_text() && !asks_words)
    throw base::Error("found no task, expected --text, --text-file, --neighbours or --analogy");
}

void require_outputs(const Request& request, const checkpoint::Checkpoint& checkpoint) {
  if (!request.out) return;
  const Demand& demand = request.demand;
  std::vector<fs::path> names =
      artefact_names(demand.choice, checkpoint.config.model, demand.formats);
  for (const auto& analysis : demand.analyses) {
    const std::vector<fs::path> files = finding_names(*analysis, demand.formats);
    names.insert(names.end(), files.begin(), files.end());
  }
  config::require_output_files(*request.out, names, inputs_of(request, checkpoint));
}

}  // namespace qkv::inspect
