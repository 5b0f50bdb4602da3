#pragma once

#include <stdexcept>
#include <string>

namespace qkv::base {

/// The only exception type of qkv. Its message is one line: the file, key or byte offset, what was
/// found, and what was expected.
class Error : public std::runtime_error {
 public:
  /// The cause: the user's input (a program exits with 2) or the run itself (it exits with 1).
  enum class Fault { kInput, kRun };

  explicit Error(const std::string& message, Fault fault = Fault::kInput)
      : std::runtime_error(message), fault_(fault) {}

  Fault fault() const { return fault_; }

 private:
  Fault fault_;
};

}  // namespace qkv::base
