// qkv-inspect: opens a checkpoint and shows its attention maps and results derived from them.

#include <iostream>

#include "ablation_options.h"
#include "base/floating_point.h"
#include "base/parallel.h"
#include "cli.h"
#include "inspect/activations/activations.h"
#include "inspect/answer.h"
#include "inspect/attribution/attribution_analysis.h"
#include "inspect/edges/edge_map.h"
#include "inspect/lens/lens_analysis.h"
#include "inspect/motion/motion_analysis.h"
#include "inspect/patching/patching_analysis.h"
#include "inspect/request.h"
#include "inspect/values/values_analysis.h"
#include "inspect/vectors/neighbours.h"

namespace base = qkv::base;
namespace inspect = qkv::inspect;

int main(int argc, char** argv) {
  qkv::cli::CommandLine line("qkv-inspect",
                             "Shows what a trained model attends to and predicts in a text.");
  inspect::Request request;
  line.add_path("CHECKPOINT", request.checkpoint,
                "a checkpoint folder, or a run folder (opens its best checkpoint)")
      ->required();
  auto* text = line.add_option("--text", request.text,
                               "the text to read; for a masked model <mask> hides a word");
  line.add_path("--text-file", request.text_file, "a file with the text (- is standard input)")
      ->excludes(text);
  line.add_path(
          "--texts", request.texts,
          "a data set, JSON Lines with \"text\": writes values of --taps to the file of --out")
      ->excludes(text)
      ->excludes("--text-file");
  line.add_option("--taps", request.taps, "the values for --texts, e.g. 'layers.*.output'");
  line.add_path("--out", request.out,
                "writes pictures, attention.json and taps.safetensors to this folder");
  line.add_option("--format", request.format,
                  "what to write: a list of png, svg, pdf, json, safetensors")
      ->default_str(inspect::kDefaultFormats);
  line.add_option("--layer", request.demand.choice.layer,
                  "draws and traces this layer, counted from 0");
  line.add_option("--head", request.demand.choice.head,
                  "draws and traces this head, counted from 0");
  line.add_option("--trace", request.trace,
                  "prints one head's arithmetic for query token N (default: layer 0, head 0)");
  const auto asks = [&](const char* option, auto analysis, const char* help) {
    line.add_flag_callback(
        option, [&request, analysis] { request.demand.analyses.push_back(analysis); }, help);
  };
  asks("--edges", std::make_shared<inspect::EdgeAnalysis>(),
       "writes the effect of each edge on the most probable next word (or <mask>)");
  asks("--lens", std::make_shared<inspect::LensAnalysis>(),
       "prints, draws and writes what each depth of the model would predict");
  asks("--values", std::make_shared<inspect::ValuesAnalysis>(),
       "prints, draws and writes attention weighted by the lengths of the values it moves");
  std::optional<std::string> other;
  line.add_option("--against", other,
                  "TEXT2: prints, draws and writes which values of the text, put into TEXT2, bring "
                  "back its answer (activation patching)");
  inspect::AttributionRequest attribution;
  auto* attributes = line.add_option("--attribution", attribution.words,
                                     "A,B: prints, draws and writes what each part of the model "
                                     "adds to logit(A) − logit(B) (default: the two most probable)")
                         ->expected(0, 1)
                         ->type_name("[A,B]");
  line.add_option("--token", attribution.token, "the token whose output --attribution explains")
      ->needs(attributes);
  std::string moving;
  std::string senses;
  auto* moves = line.add_option("--motion", moving,
                                "WORD: prints, draws and writes how its vector moves between two "
                                "senses as the words around it are added");
  moves->needs(line.add_path("--senses", senses,
                             "the labelled sentences for --motion, e.g. data/world/geometry.json")
                   ->needs(moves));
  qkv::cli::add_ablation(line, request.ablation);
  line.add_option("--neighbours", request.neighbours,
                  "prints the words whose embeddings are nearest to WORD's");
  line.add_option("--analogy", request.analogy, "A B C: prints the words nearest to A - B + C")
      ->expected(3);

  return qkv::cli::run_program(line, argc, argv, [&] {
    if (attributes->count() > 0)
      request.demand.analyses.push_back(
          std::make_shared<inspect::AttributionAnalysis>(attribution));
    if (other)
      request.demand.analyses.push_back(std::make_shared<inspect::PatchingAnalysis>(*other));
    if (moves->count() > 0)
      request.demand.analyses.push_back(
          std::make_shared<inspect::MotionAnalysis>(moving, qkv::world::read_geometry(senses)));
    inspect::require_sense(request);
    const std::vector<inspect::Artefact> formats =
        inspect::parse_formats(request.format.value_or(inspect::kDefaultFormats));
    if (request.out) request.demand.formats = formats;
    base::flush_subnormals();
    const int threads = base::threads_of(line.common.threads);
    auto checkpoint = qkv::checkpoint::open_checkpoint(request.checkpoint);
    inspect::ablate(request.ablation, checkpoint, threads);
    if (request.texts) {
      std::cout << inspect::write_activations(
          checkpoint, {*request.texts, *request.taps, *request.out}, threads);
    }
    if (request.has_text()) std::cout << inspect::answer(request, checkpoint, threads);
    const base::View embedding = checkpoint.model->embedding();
    if (request.neighbours)
      std::cout << inspect::neighbours_text(embedding, checkpoint.tokenizer, *request.neighbours);
    if (const auto& of = request.analogy; !of.empty())
      std::cout << inspect::analogy_text(embedding, checkpoint.tokenizer, of[0], of[1], of[2]);
    return 0;
  });
}
