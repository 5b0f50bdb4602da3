// Files of questions: probes.jsonl and geometry.json.

#include "fuzz/support/answer.h"
#include "fuzz/support/input_file.h"
#include "fuzz/support/json_fuzzer.h"
#include "world/geometry_file.h"
#include "world/probe.h"

namespace qkv::fuzz {

void use(std::string_view text) {
  const std::filesystem::path& path = input_file(text);
  std::vector<world::Probe> probes;
  if (answers([&] { probes = world::read_probes(path); })) {
    const std::string lines = world::to_lines(probes);
    const std::vector<world::Probe> again = world::read_probes(input_file(lines));
    require(world::to_lines(again) == lines, "probes read back as they were written");
    input_file(text);
  }
  answers([&] {
    const world::Geometry geometry = world::read_geometry(path);
    for (const world::SenseSentence& sentence : geometry.senses) {
      const auto& [begin, end] = sentence.span;
      require(sentence.text.substr(begin, end - begin) == sentence.word, "a span holds its word");
    }
  });
}

}  // namespace qkv::fuzz
