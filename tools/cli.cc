#include "cli.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <exception>
#include <filesystem>
#include <iostream>
#include <new>
#include <system_error>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "base/version.h"

namespace qkv::cli {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;

/// Only the first line: libtorch and the standard library may append a backtrace.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// Reports why the program fails, at every --log-level.
void report(const std::string& message) {
  base::log::set_level("error");
  base::log::error(message);
}

/// The exit code of a program that ended with `code`: not success if its results are lost.
int ended(int code) {
  std::cout.flush();
  if (std::cout.good()) return code;
  report("standard output: cannot write");
  return code == 0 ? kFailed : code;
}

/// Whether an operation on a path failed because of the path, which the user gave, and not because
/// of the system.
bool is_users(const std::error_code& code) {
  return code == std::errc::filename_too_long || code == std::errc::not_a_directory ||
         code == std::errc::permission_denied || code == std::errc::too_many_symbolic_link_levels;
}

/// Opens /dev/null for each closed standard stream. Otherwise, the next file that is opened would
/// get its number, and printed text would be written into that file. It is opened in the wrong
/// direction, so that reading and writing fail as on a closed stream.
void occupy_closed_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) < 0 && errno == EBADF)
      ::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

}  // namespace

CommandLine::CommandLine(const std::string& name, const std::string& description)
    : CLI::App(description, name) {
  set_version_flag("--version", std::string("qkv ") + qkv::base::version());
  add_option("--threads", common.threads, "number of threads; 0: one per processor")
      ->check(check_whole(0, 1024))
      ->group("Common");
  add_option("--log-level", common.log_level,
             "trace, debug, info, warning, error or off; progress counts as info")
      ->group("Common");
  get_formatter()->column_width(34);
}

std::string check_path(const std::string& path) {
  return path.empty() ? "found an empty path, expected a name" : "";
}

CLI::Validator check_whole(std::int64_t least, std::int64_t most) {
  const CLI::Range range(least, most);
  const auto check = [=](std::string& text) {
    if (range(text).empty()) return std::string();
    return base::concat("found ", base::quoted(text), ", expected an integer from ", least, " to ",
                        most);
  };
  return {check, range.get_description()};
}

int run_program(CommandLine& line, int argc, char** argv, const std::function<int()>& body) {
  occupy_closed_streams();
  std::signal(SIGXFSZ, SIG_IGN);  // the write fails instead, and its error is reported
  try {
    line.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return ended(line.exit(error));  // --help, --version
    std::cerr << line.get_name() << ": " << base::printable(first_line(error.what()))
              << " (see --help)\n";
    return kUsage;
  }
  try {
    base::log::set_level(line.common.log_level);
    return ended(body());
  } catch (const base::Error& error) {
    report(error.what());
    return error.fault() == base::Error::Fault::kInput ? kUsage : kFailed;
  } catch (const std::filesystem::filesystem_error& error) {
    report(base::concat(error.path1().string(), ": ", error.code().message()));
    if (is_users(error.code())) return kUsage;
  } catch (const std::bad_alloc&) {
    report("out of memory");
  } catch (const std::exception& error) {
    report(first_line(error.what()));
  }
  return kFailed;
}

}  // namespace qkv::cli
