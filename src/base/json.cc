#include "base/json.h"

#include <algorithm>
#include <set>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/utf8.h"

namespace qkv {
namespace {

/// The parser's words as a message shows them: they quote the text, whatever bytes it holds.
std::string shown(const std::string& why) {
  constexpr std::size_t kLongest = 200;
  const std::string text = printable(replace_invalid_utf8(why));
  if (text.size() <= kLongest) return text;
  std::size_t end = kLongest;
  while (continues_character(text[end])) --end;
  return text.substr(0, end) + "…";
}

}  // namespace

Json parse_json(std::string_view text, const std::string& name) {
  constexpr int kDepthLimit = 100;
  std::vector<std::set<std::string>> keys;
  const auto check = [&](int depth, Json::parse_event_t event, Json& value) {
    if (depth > kDepthLimit)
      throw Error(concat(name, ": nested more than ", kDepthLimit, " levels deep"));
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second) {
      throw Error(concat(name, ": key ", quoted(value.get<std::string>()), " stands twice"));
    }
    return true;
  };
  // The parser takes a NUL byte for the end of the text, and would not look at what follows.
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    throw Error(concat(name, ": not JSON at byte ", nul, ": found a NUL byte"));
  }
  try {
    return Json::parse(text.begin(), text.end(), check);
  } catch (const Json::parse_error& error) {
    std::string why = error.what();
    if (const auto colon = why.find("parse error"); colon != std::string::npos)
      why = why.substr(colon);
    throw Error(concat(name, ": not JSON at byte ", error.byte == 0 ? 0 : error.byte - 1, ": ",
                       shown(why)));
  } catch (const Json::exception& error) {
    throw Error(concat(name, ": not JSON: ", shown(error.what())));
  }
}

Json read_json(const std::filesystem::path& path) {
  return parse_json(read_file(path), path.string());
}

void read_json_lines(const std::filesystem::path& path,
                     const std::function<void(const JsonLine&)>& take) {
  const std::string text = read_file(path);
  require_utf8(text, path.string());
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    const std::string where = concat(path.string(), ":", ++number);
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    take({.value = parse_json(line, where), .text = line, .where = where});
  }
}

}  // namespace qkv
