#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace qkv::base {

/// Keeps the order of keys, so that a file is written in the intended order.
using Json = nlohmann::ordered_json;

/// Parses strict JSON: one value, no comments, no duplicate keys, no numbers that overflow, at most
/// 100 levels deep. Takes time in O(n log n). Throws Error with `name` and the byte offset.
Json parse_json(std::string_view text, const std::string& name);

/// The file's JSON. Throws Error if it cannot be read or parsed, or exceeds file_limit::kJson.
Json read_json(const std::filesystem::path& path);

/// A value as indented JSON that is safe on a terminal: control characters of its texts
/// (is_control) are written as \uXXXX, so that it reads back as the same value. Invalid UTF-8
/// becomes U+FFFD.
std::string printable_json(const Json& value);

/// One value of a JSON Lines file.
struct JsonLine {
  Json value;
  std::string text;   ///< the line without its newline
  std::string where;  ///< file and line, counted from 1, for messages
};

/// Calls `take` with each line's value in turn. Blank lines are counted but skipped. Throws Error
/// if the file cannot be read, exceeds file_limit::kJsonLines or is not UTF-8, and with file and
/// line if a line is not JSON. Exceptions from `take` are passed on.
void read_json_lines(const std::filesystem::path& path,
                     const std::function<void(const JsonLine&)>& take);

}  // namespace qkv::base
