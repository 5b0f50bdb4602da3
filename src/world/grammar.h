#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "world/pattern.h"

namespace qkv::world {

/// A word and its attributes: {"text": "dog", "sound": "barked"}.
struct Word {
  std::string text;
  std::map<std::string, std::string> attributes;
};

/// A slot and the class of words that fills it. All words of a scene differ unless `repeats`.
struct Draw {
  std::string slot;
  Pattern words;  ///< the class's name; may refer to a slot drawn before
  bool repeats = false;
};

struct Range {
  std::int64_t least = 0;
  std::int64_t most = 0;
};

/// Two words that the probes join and no training line does: the second is at most `within` words
/// after the first. One possible pair in `one_in` is for the probes.
struct HeldOut {
  Pattern first;
  Pattern second;
  std::size_t within = 1;
  std::uint64_t one_in = 16;
  std::string name;  ///< for messages
};

/// A question about one thing: the words that lead to the answer, with marks for cue and answer.
struct Question {
  std::size_t of = 0;  ///< the thing of the question, counted from 1; 0: each
  Pattern text;
  Pattern again;                    ///< the wording when it is not the first question
  std::optional<HeldOut> held_out;  ///< the pair that its probes join; if absent, it has no probes
};

/// One way to say something: things are drawn, described, and asked about in turn.
struct Template {
  std::string name;  ///< for messages
  double share = 1;
  std::vector<Draw> shared;
  std::vector<std::vector<Draw>> things;  ///< one list per thing; a single list if `count` is set
  std::optional<Range> count;
  bool shuffle = false;  ///< the things in random order
  Pattern thing;
  std::string middle = ", ";  ///< between the phrases of things
  std::string last = " and ";
  Pattern text;
  std::vector<Question> questions;
  std::size_t asked =
      0;  ///< how many questions a training line asks, each drawn again; 0: each once
  std::vector<Pattern> candidates;  ///< if empty: the answers of all things
  bool ask_first = false;           ///< the questions come before the description
  Range before;                     ///< background sentences before the sentence
  Range between;                    ///< words of the background between description and question
};

struct Family {
  std::string name;
  double share = 1;  ///< of the training lines
  std::int64_t probes = 0;
  std::vector<Template> templates;
};

/// The labelled world as data: its words and, for each ability that attention serves, the sentences
/// that need it. docs/world.md describes the file.
struct Grammar {
  std::int64_t train_lines = 0;
  std::int64_t validation_lines = 0;
  std::map<std::string, std::vector<Word>> words;
  std::vector<Family> families;
  Family background;    ///< sentences that are about none of the things
  base::Json geometry;  ///< see geometry.h
  std::string where;    ///< the file, for messages
};

/// data/world/grammar.schema.json, of which the library carries a copy.
const std::string& grammar_schema();

/// Reads and checks a grammar. Throws Error with the file and the location.
Grammar read_grammar(const std::filesystem::path& path);

}  // namespace qkv::world
