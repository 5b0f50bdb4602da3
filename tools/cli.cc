#include "cli.h"

#include <exception>
#include <iostream>
#include <new>

#include "base/error.h"
#include "base/log.h"
#include "base/version.h"

namespace qkv {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;

/// Only the first line: libtorch and the standard library may append a backtrace.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

CommandLine::CommandLine(const std::string& name, const std::string& description)
    : CLI::App(description, name) {
  set_version_flag("--version", std::string("qkv ") + qkv::version());
  add_option("--threads", common.threads, "processors to use; 0: all")
      ->check(CLI::Range(0, 4096))
      ->group("Common");
  add_option("--log-level", common.log_level, "trace, debug, info, warning, error or off")
      ->group("Common");
  get_formatter()->column_width(34);
}

int run_program(CommandLine& line, int argc, char** argv, const std::function<int()>& body) {
  try {
    line.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return line.exit(error);  // --help, --version
    std::cerr << line.get_name() << ": " << first_line(error.what()) << " (see --help)\n";
    return kUsage;
  }
  try {
    log::set_level(line.common.log_level);
    return body();
  } catch (const Error& error) {
    log::error(error.what());
    return error.fault() == Error::Fault::kInput ? kUsage : kFailed;
  } catch (const std::bad_alloc&) {
    log::error("out of memory");
  } catch (const std::exception& error) {
    log::error(first_line(error.what()));
  }
  return kFailed;
}

}  // namespace qkv
