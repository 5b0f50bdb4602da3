#pragma once

#include <string>
#include <vector>

namespace qkv::generate {

/// Finds where a text that comes in parts reaches one of some texts, however they are cut: the one
/// that is complete first counts, of several the longest.
class StopTexts {
 public:
  /// REQUIRES no empty text among them.
  explicit StopTexts(std::vector<std::string> texts) : texts_(std::move(texts)) {}

  /// Takes the next part and returns what certainly stands before any stop text. What might be the
  /// beginning of one is held back.
  std::string add(const std::string& part);
  /// Whether one was reached: nothing after it, nor itself, is returned.
  bool found() const { return found_; }
  /// What was held back, at the end of the text.
  std::string finish();

 private:
  std::vector<std::string> texts_;
  std::string pending_;
  bool found_ = false;
};

}  // namespace qkv::generate
