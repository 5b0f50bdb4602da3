#include "world/pattern.h"

#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/utf8.h"

namespace qkv::world {
namespace {

/// The content of the braces of a place.
PatternPiece parse_place(std::string_view text, const std::string& name) {
  PatternPiece piece;
  if (const auto at = text.find('@'); at != std::string_view::npos) {
    piece.mark = text.substr(at + 1);
    text = text.substr(0, at);
    if (piece.mark != "cue" && piece.mark != "answer") {
      throw base::Error(base::concat(name, ": found the mark ", base::quoted(piece.mark),
                                     ", expected \"cue\" or \"answer\""));
    }
  }
  if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    const std::string_view number = text.substr(0, colon);
    if (number.size() != 1 || number[0] < '1' || number[0] > '9') {
      throw base::Error(
          base::concat(name, ": found the thing ", base::quoted(number), ", expected 1 to 9"));
    }
    piece.thing = static_cast<std::size_t>(number[0] - '0');
    text = text.substr(colon + 1);
  }
  if (const auto bracket = text.find('['); bracket != std::string_view::npos) {
    if (!text.ends_with(']')) throw base::Error(base::concat(name, ": found no ] in {", text, "}"));
    piece.attribute = text.substr(bracket + 1, text.size() - bracket - 2);
    piece.by_slot = true;
    text = text.substr(0, bracket);
  } else if (const auto dot = text.find('.'); dot != std::string_view::npos) {
    piece.attribute = text.substr(dot + 1);
    text = text.substr(0, dot);
  }
  piece.slot = text;
  if (piece.slot.empty()) throw base::Error(base::concat(name, ": found a place without a slot"));
  return piece;
}

PatternPiece words(std::string text) {
  PatternPiece piece;
  piece.literal = std::move(text);
  return piece;
}

}  // namespace

Pattern::Pattern(std::string_view text, const std::string& name) {
  base::require_printable(text, name);
  std::string literal;
  const auto end_literal = [&] {
    if (!literal.empty()) pieces_.push_back(words(std::exchange(literal, "")));
  };
  for (std::size_t place = 0; place < text.size(); ++place) {
    if (text[place] == '{') {
      end_literal();
      const auto end = text.find('}', place);
      if (end == std::string_view::npos)
        throw base::Error(base::concat(name, ": found { without } in ", base::quoted(text)));
      pieces_.push_back(parse_place(text.substr(place + 1, end - place - 1), name));
      place = end;
    } else if (text[place] == '[' || text[place] == ']') {
      end_literal();
      pieces_.push_back(words({text[place]}));
    } else {
      literal += text[place];
    }
  }
  end_literal();
}

}  // namespace qkv::world
