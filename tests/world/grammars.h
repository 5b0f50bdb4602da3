#pragma once

#include "base/files.h"
#include "base/json.h"
#include "scratch.h"
#include "world/grammar.h"

namespace qkv::world {

/// Two or three animals and their moods, a background, the geometry of four people.
inline base::Json binding_grammar() {
  return base::Json::parse(R"({
    "lines": {"train": 200, "validation": 20},
    "words": {
      "animal": {"cat": {"sound": "purred"}, "dog": {"sound": "barked"}, "owl": {"sound": "hooted"},
                 "cow": {"sound": "mooed"}, "pig": {"sound": "grunted"}, "bee": {"sound": "buzzed"},
                 "hen": {"sound": "clucked"}, "ass": {"sound": "brayed"}},
      "mood": {"happy": {}, "sad": {}, "angry": {}, "calm": {}, "idle": {}, "shy": {}, "odd": {},
               "brave": {}},
      "number": {"one": {}, "two": {}},
      "count": {"cat": {"one": "cat", "two": "cats"}},
      "time": {"dawn": {}, "noon": {}, "dusk": {}},
      "person": {"king": {"sex": "m", "rank": "high"}, "queen": {"sex": "f", "rank": "high"},
                 "man": {"sex": "m", "rank": "low"}, "woman": {"sex": "f", "rank": "low"}}
    },
    "families": {
      "binding": {"probes": 10, "templates": [{
        "things": [{"mood": "mood", "animal": "animal"}], "count": [2, 3],
        "thing": "a(n) [{mood} {animal}]", "text": "{things} met.",
        "ask": [{"text": "the {mood@cue} one {animal.sound@answer}."}],
        "between": [0, 12],
        "held_out": {"words": ["{mood}", "{animal}"], "within": 1}}]},
      "background": {"templates": [{"draw": {"time": "time"}, "text": "it was {time}."}]}
    },
    "geometry": {"clusters": ["animal"], "crossed": [{"words": "person", "attributes": ["sex", "rank"]}]}
  })");
}

/// As if read from a file grammar.json. Throws the errors of read_grammar.
inline Grammar grammar_of(const base::Json& json) {
  const tests::Scratch scratch;
  base::write_file(scratch / "grammar.json", json.dump());
  return read_grammar(scratch / "grammar.json");
}

}  // namespace qkv::world
