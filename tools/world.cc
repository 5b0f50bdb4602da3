// qkv-world: writes the labelled corpus.

#include <iostream>

#include "base/format.h"
#include "base/table.h"
#include "cli.h"
#include "world/generator.h"

int main(int argc, char** argv) {
  qkv::CommandLine line("qkv-world",
                        "Writes the labelled corpus: sentences whose meaning is known.");
  std::string out;
  std::string grammar = "data/world/grammar.json";
  std::uint64_t seed = 1;
  line.add_path("--out", out, "the folder to write into")->required();
  line.add_path("--grammar", grammar, "the file with words and templates")->capture_default_str();
  line.add_option("--seed", seed,
                  "the seed of the random numbers; another seed gives other sentences")
      ->check(qkv::check_whole(0, qkv::kGreatestSeed))
      ->capture_default_str();

  return qkv::run_program(line, argc, argv, [&] {
    const qkv::Grammar read = qkv::read_grammar(grammar);
    const qkv::World world = qkv::generate_world(read, seed);
    qkv::write_world(world, out);
    std::cout << qkv::concat(qkv::with_commas(world.train.size()), " training lines, ",
                             qkv::with_commas(world.validation.size()), " validation lines, ",
                             qkv::with_commas(world.probes.size()), " probes in ", out, "\n");
    return 0;
  });
}
