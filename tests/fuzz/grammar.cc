// A grammar, and the world that it makes.

#include <algorithm>

#include "base/utf8.h"
#include "fuzz/support/answer.h"
#include "fuzz/support/input_file.h"
#include "fuzz/support/json_fuzzer.h"
#include "world/generator.h"

namespace qkv::fuzz {
namespace {

/// The size of a grammar's world is checked when it is read; here, a small world is enough.
void ask_little(world::Grammar& grammar) {
  grammar.train_lines = std::min<std::int64_t>(grammar.train_lines, 20);
  grammar.validation_lines = std::min<std::int64_t>(grammar.validation_lines, 5);
  for (world::Family& family : grammar.families)
    family.probes = std::min<std::int64_t>(family.probes, 3);
}

}  // namespace

void use(std::string_view text) {
  world::Grammar grammar;
  world::World world;
  const bool made = answers([&] {
    grammar = world::read_grammar(input_file(text));
    ask_little(grammar);
    world = world::generate_world(grammar, 1);
  });
  if (!made) return;
  for (const std::vector<std::string>* lines : {&world.train, &world.validation}) {
    for (const std::string& line : *lines) {
      require(!line.empty() && line.find('\n') == std::string::npos, "a document is one line");
      require(!base::find_invalid_utf8(line), "a line is valid UTF-8");
    }
  }
  if (world.probes.empty()) return;
  // Reading checks the spans.
  const std::string lines = world::to_lines(world.probes);
  require(world::to_lines(world::read_probes(input_file(lines))) == lines,
          "probes read back as they were written");
}

}  // namespace qkv::fuzz
