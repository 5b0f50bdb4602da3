#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace qkv::world {

/// The words of a text, space and punctuation left out: "don't" has two. The views point into
/// `text`. REQUIRES valid UTF-8.
std::vector<std::string_view> split_words(std::string_view text);

/// How many these are.
std::size_t count_words(std::string_view text);

}  // namespace qkv::world
