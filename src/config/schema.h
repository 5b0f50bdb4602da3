#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/json.h"

namespace valijson {
class Schema;
}

namespace qkv::config {

/// A JSON Schema, open for questions. Keys are dotted ("model.width"); "" is the whole.
class Schema {
 public:
  /// `text` is the schema; `name` stands in messages about it.
  Schema(const std::string& text, const std::string& name);

  /// The part that describes `key`, or nullptr where there is no such key.
  const base::Json* find(const std::string& key) const;

  /// Throws Error unless `value` is one that `key` may hold. `name` stands in messages, and
  /// `written`, where given, for the value as a user wrote it.
  void check(const base::Json& value, const std::string& key, const std::string& name,
             const std::string& written = "") const;

  /// Makes whole numbers below 2^53 that are written as 1e3 or 1000.0 integers, where `key` and
  /// what is inside it hold integers. Leaves what does not fit to check.
  void make_whole(base::Json& value, const std::string& key) const;

  /// Throws the Error for a key that does not exist, with the nearest one that does.
  [[noreturn]] void refuse_unknown(const std::string& key, const std::string& name) const;

 private:
  void check_names(const base::Json& value, const base::Json& node, const std::string& key,
                   const std::string& name) const;

  base::Json root_;
  std::shared_ptr<const valijson::Schema> rules_;  ///< all of it, as the validator reads it
  std::vector<std::string> keys_;                  ///< all of them, dotted, in order
};

/// A value as a message shows it: short, on one line.
std::string shown(const base::Json& value);

/// The same of a key or the path of one, without quotes.
std::string shown_key(const std::string& key);

/// What a part of the schema allows, in words: "an integer from 1 to 1024".
std::string expectation(const base::Json& node);

}  // namespace qkv::config
