#include "base/json.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/utf8.h"

namespace qkv::base {
namespace {

/// Builds a value from the parser's events. For each key, the library's own builder searches all
/// earlier keys, so an object of n keys takes n² steps. Here, members are appended, and each open
/// object has a set that finds duplicate keys.
class Builder {
 public:
  explicit Builder(const std::string& name) : name_(name) {}

  Json take() { return std::move(root_); }

  // The callbacks of the parser; false would stop it.
  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(Json::number_integer_t value) { return add(value); }
  bool number_unsigned(Json::number_unsigned_t value) { return add(value); }
  bool number_float(Json::number_float_t value, const std::string&) { return add(value); }
  bool string(std::string& value) { return add(std::move(value)); }
  bool binary(Json::binary_t&) { return false; }  // not in a text
  bool start_array(std::size_t) { return open(Json::array()); }
  bool end_array() { return close(); }
  bool start_object(std::size_t) { return open(Json::object()); }
  bool end_object() { return close(); }
  bool key(std::string& key) {
    if (!open_.back().keys.insert(key).second)
      throw Error(concat(name_, ": key ", quoted(key), " appears twice"));
    key_ = std::move(key);
    return true;
  }
  bool parse_error(std::size_t position, const std::string& token, const Json::exception& error) {
    std::string why = error.what();  // after the exception's name in brackets
    why.erase(0, std::min(why.find("] "), why.size() - 2) + 2);
    // The parser's message repeats the last token, which can be very long.
    const std::string last = concat('\'', token, '\'');
    if (const auto at = why.find(last); at != std::string::npos)
      why.replace(at, last.size(), quoted(token));
    constexpr std::size_t kLongest = 200;
    throw Error(concat(name_, ": not JSON at byte ", position == 0 ? 0 : position - 1, ": ",
                       cut_short(printable(why), kLongest)));
  }

 private:
  /// An object or array that is still open.
  struct Container {
    Json* value;
    std::set<std::string> keys;
  };

  /// Where the new value is now.
  Json* put(Json value) {
    if (open_.empty()) return &(root_ = std::move(value));
    Json& parent = *open_.back().value;
    if (parent.is_array()) return &parent.emplace_back(std::move(value));
    return &parent.get_ref<Json::object_t&>()
                .emplace_back(std::move(key_), std::move(value))
                .second;
  }
  bool add(Json value) {
    put(std::move(value));
    return true;
  }
  bool open(Json empty) {
    constexpr std::size_t kDepthLimit = 100;
    if (open_.size() >= kDepthLimit)
      throw Error(concat(name_, ": nested more than ", kDepthLimit, " levels deep"));
    // A container does not move while one inside it is open: nothing is added to its parent.
    open_.push_back({.value = put(std::move(empty)), .keys = {}});
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  const std::string& name_;
  Json root_;
  std::vector<Container> open_;
  std::string key_;
};

}  // namespace

Json parse_json(std::string_view text, const std::string& name) {
  // The parser takes a NUL byte for the end of the text and would not read what follows.
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    throw Error(concat(name, ": not JSON at byte ", nul, ": found a NUL byte"));
  }
  Builder builder(name);
  Json::sax_parse(text.begin(), text.end(), &builder);
  return builder.take();
}

Json read_json(const std::filesystem::path& path) {
  return parse_json(read_file(path, file_limit::kJson), path.string());
}

std::string printable_json(const Json& value) {
  const std::string text = value.dump(2, ' ', false, Json::error_handler_t::replace);
  std::string out;
  for (std::size_t offset = 0; offset < text.size();) {
    const auto [code, size] = *decode_utf8(text, offset);
    // The library escapes those below U+0020 in texts, so a newline is one between values.
    if (is_control(code) && code != '\n') {
      std::array<char, 8> escape{};  // all of them are below U+10000
      std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(code));
      out += escape.data();
    } else {
      out.append(text, offset, size);
    }
    offset += size;
  }
  return out;
}

void read_json_lines(const std::filesystem::path& path,
                     const std::function<void(const JsonLine&)>& take) {
  const std::string text = read_file(path, file_limit::kJsonLines);
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

}  // namespace qkv::base
