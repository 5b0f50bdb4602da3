#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/span.h"

namespace qkv::world {

/// Words that belong together.
struct WordCluster {
  std::string name;
  std::vector<std::string> words;
};

/// A sentence with a word in one of its senses.
struct SenseSentence {
  std::string word;
  std::string sense;
  std::string text;
  base::Span span;  ///< the bytes of the word
};

/// The questions about the geometry of words.
struct Geometry {
  std::vector<WordCluster> clusters;
  std::vector<std::array<std::string, 4>> analogies;  ///< a is to b as c is to d
  std::vector<SenseSentence> senses;  ///< all sentences of each word, sense by sense; may be empty
  std::string where;                  ///< the file, for messages
};

/// data/world/geometry.schema.json, of which the library carries a copy.
const std::string& geometry_schema();

/// The same questions from a JSON value; `where` names it in messages. Throws Error as
/// read_geometry does, but accepts a value without questions.
Geometry geometry_of(const base::Json& json, const std::string& where);

/// Reads a file as qkv-world writes it (docs/world.md). Throws Error with the file and the location
/// if it is not such a file or has no questions, a word is in two clusters or twice in an analogy,
/// or a span does not hold its word.
Geometry read_geometry(const std::filesystem::path& path);

/// The sentences as in the file: {WORD: {SENSE: [{"text", "begin", "end"}]}}.
base::Json senses_json(const std::vector<SenseSentence>& senses);

}  // namespace qkv::world
