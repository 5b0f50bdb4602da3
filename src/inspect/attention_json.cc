#include "inspect/attention_json.h"

#include <array>
#include <charconv>

#include "base/json.h"
#include "base/utf8.h"

namespace qkv {
namespace {

Json describe_checkpoint(const Checkpoint& checkpoint) {
  return {{"path", replace_invalid_utf8(checkpoint.path.string())},
          {"step", checkpoint.state.step},
          {"seed", checkpoint.config.seed},
          {"config_sha256", checkpoint.config_hash},
          {"weights_sha256", checkpoint.weights_hash},
          {"tokenizer_sha256", checkpoint.tokenizer.hash()}};
}

Json describe_token(const Passage& passage, const Tokenizer& tokenizer, std::size_t index) {
  const Token& token = passage.tokens[index];
  return {{"id", token.id},
          {"piece", tokenizer.piece(token.id)},
          {"text", token_text(passage, index)},
          {"begin", token.begin},
          {"end", token.end}};
}

// By hand, since there are many and the JSON library would print each float as a longer double.
void append(const AttentionMap& map, std::string& out) {
  std::array<char, 32> buffer{};
  for (std::size_t query = 0; query < map.size(); ++query) {
    out += query == 0 ? "\n        [" : ",\n        [";
    for (std::size_t key = 0; key < map[query].size(); ++key) {
      if (key > 0) out += ", ";
      const float weight = map[query][key];
      out.append(buffer.data(),
                 std::to_chars(buffer.data(), buffer.data() + buffer.size(), weight).ptr);
    }
    out += "]";
  }
}

}  // namespace

std::string attention_json(const Checkpoint& checkpoint, const Inspection& inspection) {
  require_attention(checkpoint);
  std::string out = "{\n  \"checkpoint\": " + describe_checkpoint(checkpoint).dump() +
                    ",\n  \"text\": " + Json(inspection.passage.text).dump() + ",\n  \"tokens\": [";
  for (std::size_t index = 0; index < inspection.passage.tokens.size(); ++index) {
    out += index == 0 ? "\n    " : ",\n    ";
    out += describe_token(inspection.passage, checkpoint.tokenizer, index).dump();
  }
  out += "\n  ],\n  \"layers\": [";
  for (std::int64_t layer = 0; layer < checkpoint.config.model.layers; ++layer) {
    out += layer == 0 ? "\n    {\"heads\": [" : ",\n    {\"heads\": [";
    for (std::int64_t head = 0; head < checkpoint.config.model.heads; ++head) {
      out += head == 0 ? "\n      {\"weights\": [" : ",\n      {\"weights\": [";
      append(attention_map(inspection, layer, head), out);
      out += "\n      ]}";
    }
    out += "\n    ]}";
  }
  return out + "\n  ]\n}\n";
}

}  // namespace qkv
