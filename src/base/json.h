#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace qkv::base {

/// Keeps the order of keys, so that a file is written as it was meant to be read.
using Json = nlohmann::ordered_json;

/// Parses strict JSON: one value, no comments, no duplicate keys, no numbers that overflow, at most
/// 100 levels deep. Takes time n log n. Throws Error with `name` and the byte offset.
Json parse_json(std::string_view text, const std::string& name);

/// The file's JSON; throws Error where it cannot be read or parsed, or is above file_limit::kJson.
Json read_json(const std::filesystem::path& path);

/// One value of a JSON Lines file.
struct JsonLine {
  Json value;
  std::string text;   ///< the line as it stands, its newline left out
  std::string where;  ///< file and line, counted from 1, for messages
};

/// Calls `take` with each line's value in turn; blank lines count as lines but are left out. Throws
/// Error where the file cannot be read, is above file_limit::kJsonLines or is not UTF-8, and with
/// file and line where one is not JSON; what `take` throws passes through.
void read_json_lines(const std::filesystem::path& path,
                     const std::function<void(const JsonLine&)>& take);

}  // namespace qkv::base
