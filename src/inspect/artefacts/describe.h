#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/json.h"
#include "inspect/inspection.h"

namespace qkv::inspect {

/// The beginning of a JSON artefact: `{` and its keys checkpoint, ablation (if parts are
/// ablated), text and tokens (docs/taps.md). A comma and further keys follow.
std::string describe_source(const checkpoint::Checkpoint& checkpoint, const Passage& passage);

/// The same as notes of a safetensors file: checkpoint, step, weights_sha256 and, if the model is
/// changed, ablation.
std::map<std::string, std::string> source_notes(const checkpoint::Checkpoint& checkpoint);

/// {"id", "piece"}
base::Json piece_json(const text::Tokenizer& tokenizer, std::int32_t id);

/// Receives the parts of a text one after the other.
using TextSink = std::function<void(std::string_view)>;

/// Writes [query][key] numbers, one query per line after `indent`, without the outer brackets. Each
/// is the shortest decimal that reads back as the same float32.
void write_rows(const AttentionMap& map, const std::string& indent, const TextSink& sink);

/// The same rows in brackets, of a matrix [query, key] in a text.
std::string matrix_json(base::View matrix, const std::string& indent);

/// [{KEY: matrix, "heads": [{KEY: matrix}, …]}, …], of matrices [layer, query, key] and [layer,
/// head, query, key].
std::string layers_json(const char* key, const base::Array& layers, const base::Array& heads);

/// Nested lists, one for each axis; null in place of NaN.
base::Json lists_json(const base::ArrayOf<double>& values);

}  // namespace qkv::inspect
