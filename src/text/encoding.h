#pragma once

#include <filesystem>
#include <string>

#include "text/source.h"
#include "text/tokenizer.h"

namespace qkv {

/// Writes the ids of a text to a token file at `path`. Layout `stream`: the files one after the
/// other; `lines`: `<s> line </s>` for each line that is not empty, its end (\n or \r\n) left out.
void encode_source(const Source& source, const Tokenizer& tokenizer, const std::string& layout,
                   const std::filesystem::path& path);

}  // namespace qkv
