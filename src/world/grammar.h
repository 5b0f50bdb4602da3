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

/// A word and what the world knows of it: {"text": "dog", "sound": "barked"}.
struct Word {
  std::string text;
  std::map<std::string, std::string> attributes;
};

/// A slot and the class of words that fills it. All words of a scene differ unless `repeats`.
struct Draw {
  std::string slot;
  Pattern words;  ///< the class's name; may name it by a slot drawn before
  bool repeats = false;
};

struct Range {
  std::int64_t least = 0;
  std::int64_t most = 0;
};

/// Two words that the probes join and no training line does: the second stands at most `within`
/// words behind the first. One possible pair in `one_in` is for the probes.
struct HeldOut {
  Pattern first;
  Pattern second;
  std::size_t within = 1;
  std::uint64_t one_in = 16;
  std::string name;  ///< for messages
};

/// A question about one thing: the words that lead to the answer, cue and answer marked.
struct Question {
  std::size_t of = 0;  ///< the thing asked about, counted from 1; 0: about each
  Pattern text;
  Pattern again;                    ///< how it is asked when it is not the first
  std::optional<HeldOut> held_out;  ///< what its probes join; if none, no probe asks it
};

/// One way to say something: things are drawn, told of, and asked about in turn.
struct Template {
  std::string name;  ///< for messages
  double share = 1;
  std::vector<Draw> shared;
  std::vector<std::vector<Draw>> things;  ///< one list a thing; a single list if `count` says so
  std::optional<Range> count;
  bool shuffle = false;  ///< the things in random order
  Pattern thing;
  std::string middle = ", ";  ///< between the phrases of things
  std::string last = " and ";
  Pattern text;
  std::vector<Question> questions;
  std::size_t asked =
      0;  ///< how many questions a training line asks, each drawn anew; 0: each once
  std::vector<Pattern> candidates;  ///< if none: each thing's answer
  bool ask_first = false;           ///< the questions stand before what is told
  Range before;                     ///< sentences of the background that stand before
  Range between;                    ///< words of the background between telling and asking
};

struct Family {
  std::string name;
  double share = 1;  ///< of the training lines
  std::int64_t probes = 0;
  std::vector<Template> templates;
};

/// The labelled world as data: its words, and for each ability that attention is there for, the
/// sentences that need it. docs/world.md describes the file.
struct Grammar {
  std::int64_t train_lines = 0;
  std::int64_t validation_lines = 0;
  std::map<std::string, std::vector<Word>> words;
  std::vector<Family> families;
  Family background;    ///< sentences that say nothing about any thing
  base::Json geometry;  ///< see geometry.h
  std::string where;    ///< the file, for messages
};

/// data/world/grammar.schema.json, of which the library carries a copy.
const std::string& grammar_schema();

/// Reads and checks a grammar. Throws Error with the file and the place.
Grammar read_grammar(const std::filesystem::path& path);

}  // namespace qkv::world
