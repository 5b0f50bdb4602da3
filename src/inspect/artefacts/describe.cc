#include "inspect/artefacts/describe.h"

#include <array>
#include <charconv>

#include "base/format.h"
#include "base/utf8.h"
#include "engine/model.h"
#include "inspect/ablation/ablation.h"

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

base::Json lists_of(base::ViewOf<const double> values) {
  base::Json list = base::Json::array();
  for (std::int64_t index = 0; index < values.shape[0]; ++index) {
    if (values.shape.size() == 1) {
      list.push_back(values.data[index]);
    } else {
      list.push_back(lists_of(values[index]));
    }
  }
  return list;
}

}  // namespace

std::map<std::string, std::string> source_notes(const checkpoint::Checkpoint& checkpoint) {
  std::map<std::string, std::string> notes = {
      {"checkpoint", base::replace_invalid_utf8(checkpoint::checkpoint_name(checkpoint.path))},
      {"step", std::to_string(checkpoint.state.step)},
      {"weights_sha256", checkpoint.weights_hash}};
  if (const auto* made = checkpoint.model->intervention())
    notes["ablation"] = ablation_json(*made).dump();
  return notes;
}

base::Json piece_json(const text::Tokenizer& tokenizer, std::int32_t id) {
  return {{"id", id}, {"piece", tokenizer.piece(id)}};
}

std::string describe_source(const checkpoint::Checkpoint& checkpoint, const Passage& passage) {
  std::string out = "{\n  \"checkpoint\": " + describe_checkpoint(checkpoint).dump();
  if (const auto* made = checkpoint.model->intervention())
    out += ",\n  \"ablation\": " + ablation_json(*made).dump();
  out += ",\n  \"text\": " + base::Json(passage.text).dump() + ",\n  \"tokens\": [";
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

std::string matrix_json(base::View matrix, const std::string& indent) {
  std::string out = "[";
  write_rows(map_of(matrix), indent + "  ", [&](std::string_view row) { out += row; });
  return out + "\n" + indent + "]";
}

std::string layers_json(const char* key, const base::Array& layers, const base::Array& heads) {
  const std::string name = base::concat("{\"", key, "\": ");
  std::string out = "[";
  for (std::int64_t layer = 0; layer < layers.shape[0]; ++layer) {
    out += (layer == 0 ? "\n    " : ",\n    ") + name + matrix_json(layers[layer], "    ");
    out += ", \"heads\": [";
    for (std::int64_t head = 0; head < heads.shape[1]; ++head) {
      out += (head == 0 ? "\n      " : ",\n      ") + name;
      out += matrix_json(heads[layer][head], "      ") + "}";
    }
    out += "\n    ]}";
  }
  return out + "\n  ]";
}

base::Json lists_json(const base::ArrayOf<double>& values) { return lists_of(values.view()); }

}  // namespace qkv::inspect
