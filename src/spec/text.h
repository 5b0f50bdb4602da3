#pragma once

#include "spec/choice.h"

// How a text becomes tokens; docs/text.md explains each choice.
namespace qkv::spec {

/// The pieces of a vocabulary.
enum class TokenizerKind { kWord, kChar, kBpe, kUnigram };
template <>
inline constexpr auto kNames<TokenizerKind> = name_table<TokenizerKind>({
    {TokenizerKind::kWord, "word"},
    {TokenizerKind::kChar, "char"},
    {TokenizerKind::kBpe, "bpe"},
    {TokenizerKind::kUnigram, "unigram"},
});

/// kStream: a file is one long text. kLines: each of its lines is a document.
enum class TextLayout { kStream, kLines };
template <>
inline constexpr auto kNames<TextLayout> = name_table<TextLayout>({
    {TextLayout::kStream, "stream"},
    {TextLayout::kLines, "lines"},
});

}  // namespace qkv::spec
