#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace qkv::world {

/// The words of a text without spaces and punctuation: "don't" has two. The views point into
/// `text`. REQUIRES valid UTF-8.
std::vector<std::string_view> split_words(std::string_view text);

/// The number of these words.
std::size_t count_words(std::string_view text);

}  // namespace qkv::world
