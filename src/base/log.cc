#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "base/error.h"
#include "base/format.h"
#include "base/progress.h"

namespace qkv::base::log {
namespace {

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    sink->set_pattern("%^%l:%$ %v");
    return std::make_shared<spdlog::logger>("qkv", sink);
  }();
  return *instance;
}

}  // namespace

void set_level(const std::string& name) {
  const auto level = spdlog::level::from_str(name);
  if (level == spdlog::level::off && name != "off") {
    throw Error(concat("--log-level: found ", quoted(name),
                       ", expected trace, debug, info, warning, error or off"));
  }
  logger().set_level(level);
}

bool shows_info() { return logger().should_log(spdlog::level::info); }

// Each call first clears the line, which may hold a progress bar.
void debug(const std::string& message) {
  if (logger().should_log(spdlog::level::debug)) Progress::clear_line();
  logger().debug(printable(message));
}
void info(const std::string& message) {
  if (logger().should_log(spdlog::level::info)) Progress::clear_line();
  logger().info(printable(message));
}
void warning(const std::string& message) {
  if (logger().should_log(spdlog::level::warn)) Progress::clear_line();
  logger().warn(printable(message));
}
void error(const std::string& message) {
  Progress::clear_line();
  logger().error(printable(message));
}

}  // namespace qkv::base::log
