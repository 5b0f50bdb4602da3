#pragma once

#include <chrono>
#include <ostream>
#include <string>

namespace qkv::generate {

/// Prints a text as it is made. For a terminal, which would obey them, control characters except
/// newline and tab are escaped (\x1B); other outputs receive the bytes unchanged.
class Printer {
 public:
  Printer(std::ostream& out, bool to_terminal) : out_(out), to_terminal_(to_terminal) {}

  /// Throws Error (Fault::kRun) as soon as a write fails, so that no more text is made.
  void print(const std::string& text);
  /// Ends the last line. Throws Error as print does.
  void finish();

 private:
  void flush();

  std::ostream& out_;
  bool to_terminal_;
  std::chrono::steady_clock::time_point shown_;
  int early_ = 2;  ///< parts that are shown without delay: the prompt and the first token
};

/// The text with control characters escaped, except newline and tab.
std::string terminal_text(std::string_view text);

}  // namespace qkv::generate
