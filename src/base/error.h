#pragma once

#include <stdexcept>
#include <string>

namespace qkv::base {

/// The one exception type of qkv. Its message is one line for a person: the file, key or byte
/// offset, what was found and what was expected.
class Error : public std::runtime_error {
 public:
  /// Who is at fault: what the user gave (a program exits 2) or the run itself (it exits 1).
  enum class Fault { kInput, kRun };

  explicit Error(const std::string& message, Fault fault = Fault::kInput)
      : std::runtime_error(message), fault_(fault) {}

  Fault fault() const { return fault_; }

 private:
  Fault fault_;
};

}  // namespace qkv::base
