#pragma once

#include <string>
#include <vector>

namespace qkv::base {

/// Rows of text with aligned columns: numbers to the right, words to the left.
class Table {
 public:
  /// An empty header prints nothing.
  explicit Table(std::vector<std::string> header = {});
  /// Control characters in a cell are escaped, as printable() does.
  void add(std::vector<std::string> row);
  /// All lines, each ended by a newline, indented by two spaces.
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
  bool has_header_;
};

}  // namespace qkv::base
