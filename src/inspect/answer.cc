#include "inspect/answer.h"

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "engine/model.h"
#include "inspect/ablation/ablation.h"
#include "inspect/findings_text.h"

namespace qkv::inspect {

std::string answer(const Request& request, const checkpoint::Checkpoint& checkpoint, int threads) {
  const auto& [choice, formats, analyses] = request.demand;
  const std::string name = request.text ? "--text" : *request.text_file;
  const std::string text =
      request.text ? *request.text : base::read_file(*request.text_file, base::file_limit::kPrompt);
  Passage passage = read_passage(checkpoint, text, name);
  require_possible(checkpoint, passage, name, request.demand, threads);
  require_outputs(request, checkpoint);
  const Inspection inspection = inspect(checkpoint, std::move(passage));
  require_finite_logits(inspection, checkpoint);

  std::string found = findings_text(checkpoint, inspection, choice, request.trace);
  std::vector<Finding> findings;
  for (const auto& analysis : analyses) {
    findings.push_back(analysis->find(checkpoint, inspection, threads));
    if (!found.empty() && !findings.back().text.empty()) found += "\n";
    found += findings.back().text;
  }
  if (found.empty() && !request.out)
    throw base::Error(name + ": found no <mask> to fill, expected one, or --out, or --trace");
  if (const auto* made = checkpoint.model->intervention())
    found = base::concat(ablation_text(*made), "\n", found.empty() ? "" : "\n", found);
  std::vector<std::filesystem::path> files;
  if (request.out) {
    files = write_artefacts(checkpoint, inspection, choice, formats, *request.out, threads);
    for (std::size_t at = 0; at < analyses.size(); ++at)
      write_finding(*analyses[at], findings[at], formats, *request.out, files);
  }
  for (const auto& file : files) found += "wrote " + base::printable(file.string()) + "\n";
  return found;
}

}  // namespace qkv::inspect
