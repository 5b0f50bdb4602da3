#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace qkv::config {

/// A JSON Schema that can be queried. Keys are dotted ("model.width"); "" is the whole value.
class Schema {
 public:
  /// `text` is the schema; `name` appears in messages about it.
  Schema(const std::string& text, const std::string& name);

  /// The part that describes `key`, or nullptr if there is no such key.
  const base::Json* find(const std::string& key) const;

  /// Throws Error unless `key` may hold `value`. `name` appears in messages, and so does `written`,
  /// if given: the value as a user wrote it.
  void check(const base::Json& value, const std::string& key, const std::string& name,
             const std::string& written = "") const;

  /// Turns whole numbers below 2^53 that are written as 1e3 or 1000.0 into integers if `key` and
  /// the values inside it hold integers. Leaves values that do not fit for check.
  void make_whole(base::Json& value, const std::string& key) const;

  /// Throws the Error for a key that does not exist, with the nearest key that exists.
  [[noreturn]] void refuse_unknown(const std::string& key, const std::string& name) const;

 private:
  void check_names(const base::Json& value, const base::Json& node, const std::string& key,
                   const std::string& name) const;

  base::Json root_;
  std::vector<std::string> keys_;  ///< all keys, dotted, in order
};

/// A value as a message shows it: short, on one line.
std::string shown(const base::Json& value);

/// The same for a key or the path of a key, without quotation marks.
std::string shown_key(const std::string& key);

/// What a part of the schema allows, in words: "an integer from 1 to 1024".
std::string expectation(const base::Json& node);

}  // namespace qkv::config
