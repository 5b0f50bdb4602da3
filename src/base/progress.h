#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace qkv::base {

/// Shows on standard error how far long work is: on a terminal, a bar with rate and remaining time,
/// redrawn a few times per second; elsewhere, a plain line every few seconds. Short work prints
/// nothing there. Nothing is shown if the log does not show info.
class Progress {
 public:
  /// `unit` is plural: "steps", "bytes". `start` is where the work begins (a resumed run).
  Progress(std::string label, std::string unit, std::uint64_t total, std::uint64_t start = 0);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `note` is shown at the end of the line, for example the loss.
  void update(std::uint64_t done, const std::string& note = "");

  /// Removes the bar from the terminal's current line, to make room for a log line.
  static void clear_line();

 private:
  std::string line(bool bar) const;

  std::string label_;
  std::string unit_;
  std::string note_;
  std::uint64_t total_;
  std::uint64_t start_;
  std::uint64_t done_;
  std::chrono::steady_clock::time_point begin_;
  std::chrono::steady_clock::time_point drawn_;
};

}  // namespace qkv::base
