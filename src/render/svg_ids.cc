#include "render/svg_ids.h"

#include <array>
#include <string_view>
#include <unordered_map>

#include "base/format.h"

namespace qkv::render {

std::string renumber_svg_ids(const std::string& svg) {
  struct Marker {
    std::string_view opening;
    char closing;
  };
  static constexpr std::array<Marker, 3> kMarkers = {
      {{" id=\"", '"'}, {"href=\"#", '"'}, {"url(#", ')'}}};

  std::unordered_map<std::string, std::string> names;
  std::string out;
  out.reserve(svg.size());
  std::size_t offset = 0;
  while (offset < svg.size()) {
    const char byte = svg[offset];
    const Marker* found = nullptr;
    if (byte == ' ' || byte == 'h' || byte == 'u') {
      for (const Marker& marker : kMarkers) {
        if (svg.compare(offset, marker.opening.size(), marker.opening) == 0) found = &marker;
      }
    }
    const std::size_t begin = found ? offset + found->opening.size() : 0;
    const std::size_t end = found ? svg.find(found->closing, begin) : std::string::npos;
    if (end == std::string::npos) {
      out += byte;
      ++offset;
      continue;
    }
    const auto [name, is_new] =
        names.try_emplace(svg.substr(begin, end - begin), base::concat("i", names.size()));
    out += found->opening;
    out += name->second;
    offset = end;
  }
  return out;
}

}  // namespace qkv::render
