// qkv-world: writes the labelled corpus.

#include <iostream>

#include "base/format.h"
#include "base/table.h"
#include "cli.h"
#include "config/output.h"
#include "world/generator.h"
#include "world/world_files.h"

int main(int argc, char** argv) {
  qkv::cli::CommandLine line("qkv-world",
                             "Writes the labelled corpus: sentences whose meaning is known.");
  std::string out;
  std::string grammar = "data/world/grammar.json";
  std::uint64_t seed = 1;
  line.add_path("--out", out, "the folder to write into")->required();
  line.add_path("--grammar", grammar, "the file with words and templates")->capture_default_str();
  line.add_option("--seed", seed,
                  "the seed of the random numbers; another seed gives other sentences")
      ->check(qkv::cli::check_whole(0, qkv::cli::kGreatestSeed))
      ->capture_default_str();

  return qkv::cli::run_program(line, argc, argv, [&] {
    qkv::world::require_no_other_files(out);
    qkv::config::require_output_files(out, qkv::world::world_files(), {grammar});
    const qkv::world::Grammar read = qkv::world::read_grammar(grammar);
    const qkv::world::World world = qkv::world::generate_world(read, seed);
    qkv::world::write_world(world, out);
    std::cout << qkv::base::concat(qkv::base::with_commas(world.train.size()), " training lines, ",
                                   qkv::base::with_commas(world.validation.size()),
                                   " validation lines, ",
                                   qkv::base::with_commas(world.probes.size()), " probes in ",
                                   qkv::base::printable(out), "\n");
    return 0;
  });
}
