#pragma once

#include <string>

#include "text/corpus/source.h"
#include "text/corpus/token_writer.h"
#include "text/tokenizer/tokenizer.h"

namespace qkv::text {

/// Writes the ids of a text as a whole token file. Layout `stream`: the files one after the other;
/// `lines`: `<s> line </s>` for each line that is not empty, without its end (\n or \r\n).
void encode_source(const Source& source, const Tokenizer& tokenizer, spec::TextLayout layout,
                   TokenWriter& writer);

}  // namespace qkv::text
