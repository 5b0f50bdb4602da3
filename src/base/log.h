#pragma once

#include <string>

// Logs go to standard error. Only log.cc includes spdlog, which cannot share a file with libtorch's
// own copy of fmt. A message is one line: control bytes in it are escaped.
namespace qkv::base::log {

/// Sets the lowest level that is shown: trace, debug, info, warning, error or off. Throws Error.
void set_level(const std::string& name);

/// Whether info is shown, and with it the progress and the summary of work.
bool shows_info();

void debug(const std::string& message);
void info(const std::string& message);
void warning(const std::string& message);
void error(const std::string& message);

}  // namespace qkv::base::log
