#pragma once

#include <string>

namespace qkv::render {

/// The SVG with its ids named i0, i1, … in the order in which they first appear, references too.
/// Cairo numbers some by what the whole process has drawn before.
std::string renumber_svg_ids(const std::string& svg);

}  // namespace qkv::render
