#include "world/span.h"

#include "base/error.h"
#include "base/format.h"
#include "base/utf8.h"

namespace qkv::world {

base::Span read_span(const base::Json& json, const std::string& text, const std::string& where) {
  const base::Span span{.begin = json["begin"], .end = json["end"]};
  if (span.begin >= span.end || span.end > text.size()) {
    throw base::Error(base::concat(where, ": found the span ", span.begin, " to ", span.end,
                                   ", expected a part of the text's ", text.size(), " bytes"));
  }
  // After the last byte of a string follows a 0, which is no part of a character.
  if (base::continues_character(text[span.begin]) || base::continues_character(text[span.end])) {
    throw base::Error(base::concat(where, ": found the span ", span.begin, " to ", span.end,
                                   " that cuts a character, expected whole characters"));
  }
  return span;
}

}  // namespace qkv::world
