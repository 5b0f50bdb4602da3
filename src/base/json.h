#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace qkv {

/// Keeps the order of keys, so that a file is written as it was meant to be read.
using Json = nlohmann::ordered_json;

/// Parses strict JSON: one value, no comments, no duplicate keys, no numbers that overflow, at most
/// 100 levels deep. Throws Error with `name` and the byte offset.
Json parse_json(std::string_view text, const std::string& name);

/// The file's JSON; throws Error where it cannot be read or parsed.
Json read_json(const std::filesystem::path& path);

}  // namespace qkv
