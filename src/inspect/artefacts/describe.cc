#include "inspect/artefacts/describe.h"

#include <array>
#include <charconv>

#include "base/utf8.h"

namespace qkv::inspect {
namespace {

base::Json describe_checkpoint(const checkpoint::Checkpoint& checkpoint) {
  return {{"path", base::replace_invalid_utf8(checkpoint::checkpoint_name(checkpoint.path))},
          {"step", checkpoint.state.step},
          {"seed", checkpoint.config.seed},
          {"config_sha256", checkpoint.config_hash},
          {"weights_sha256", checkpoint.weights_hash},
          {"tokenizer_sha256", checkpoint.tokenizer.hash()}};
}

base::Json describe_token(const Passage& passage, const text::Tokenizer& tokenizer,
                          std::size_t index) {
  const text::Token& token = passage.tokens[index];
  return {{"id", token.id},
          {"piece", tokenizer.piece(token.id)},
          {"text", token_text(passage, index)},
          {"begin", token.begin},
          {"end", token.end}};
}

}  // namespace

base::Json piece_json(const text::Tokenizer& tokenizer, std::int32_t id) {
  return {{"id", id}, {"piece", tokenizer.piece(id)}};
}

std::string describe_source(const checkpoint::Checkpoint& checkpoint, const Passage& passage) {
  std::string out = "{\n  \"checkpoint\": " + describe_checkpoint(checkpoint).dump() +
                    ",\n  \"text\": " + base::Json(passage.text).dump() + ",\n  \"tokens\": [";
  for (std::size_t index = 0; index < passage.tokens.size(); ++index) {
    out += index == 0 ? "\n    " : ",\n    ";
    out += describe_token(passage, checkpoint.tokenizer, index).dump();
  }
  return out + "\n  ]";
}

// Written by hand, since there are many and the JSON library would print each float as a longer
// double.
void write_rows(const AttentionMap& map, const std::string& indent, const TextSink& sink) {
  std::array<char, 32> buffer{};
  for (std::size_t query = 0; query < map.size(); ++query) {
    std::string out = (query == 0 ? "\n" : ",\n") + indent + "[";
    for (std::size_t key = 0; key < map[query].size(); ++key) {
      if (key > 0) out += ", ";
      const float weight = map[query][key];
      out.append(buffer.data(),
                 std::to_chars(buffer.data(), buffer.data() + buffer.size(), weight).ptr);
    }
    sink(out += "]");
  }
}

}  // namespace qkv::inspect
