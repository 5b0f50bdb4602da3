#include "base/json.h"

#include <set>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"

namespace qkv {

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
    throw Error(
        concat(name, ": not JSON at byte ", error.byte == 0 ? 0 : error.byte - 1, ": ", why));
  } catch (const Json::exception& error) {
    throw Error(concat(name, ": not JSON: ", error.what()));
  }
}

Json read_json(const std::filesystem::path& path) {
  return parse_json(read_file(path), path.string());
}

}  // namespace qkv
