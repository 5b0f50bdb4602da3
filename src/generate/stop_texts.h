#pragma once

#include <string>
#include <vector>

namespace qkv::generate {

/// Finds where a text that comes in parts reaches one of several stop texts, wherever the parts are
/// cut. The first one that is complete counts; if several are, the longest.
class StopTexts {
 public:
  /// REQUIRES no empty text among them.
  explicit StopTexts(std::vector<std::string> texts) : texts_(std::move(texts)) {}

  /// Takes the next part and returns the text that certainly precedes any stop text. What might be
  /// the beginning of one is held back.
  std::string add(const std::string& part);
  /// Whether one was reached: neither it nor the text after it is returned.
  bool found() const { return found_; }
  /// The text held back, at the end of the text.
  std::string finish();

 private:
  std::vector<std::string> texts_;
  std::string pending_;
  bool found_ = false;
};

}  // namespace qkv::generate
