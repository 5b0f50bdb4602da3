#pragma once

#include <chrono>
#include <ostream>
#include <string>

namespace qkv::generate {

/// Prints a text as it is made. A terminal gets control characters escaped (\x1B), except newline
/// and tab, since it would obey them; anything else gets the bytes as they are.
class Printer {
 public:
  Printer(std::ostream& out, bool to_terminal) : out_(out), to_terminal_(to_terminal) {}

  /// Throws Error (Fault::kRun) as soon as a write fails, so that nothing more is made.
  void print(const std::string& text);
  /// Ends the last line. Throws Error as print does.
  void finish();

 private:
  void flush();

  std::ostream& out_;
  bool to_terminal_;
  std::chrono::steady_clock::time_point shown_;
  int early_ = 2;  ///< parts that are shown without a pause: the prompt and the first token
};

/// The text with control characters escaped, except newline and tab.
std::string terminal_text(std::string_view text);

}  // namespace qkv::generate
