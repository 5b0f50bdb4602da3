#pragma once

#include <string>

namespace qkv::render {

/// The SVG with its ids renamed to i0, i1, … in the order of their first appearance, in references
/// too. Some of Cairo's numbers depend on what the process has drawn before.
std::string renumber_svg_ids(const std::string& svg);

}  // namespace qkv::render
