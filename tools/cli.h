#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

namespace qkv::cli {

/// What every program has: --help, --version, --threads, --log-level.
struct CommonOptions {
  std::int64_t threads = 0;
  std::string log_level = "info";
};

/// A check for names of files and folders: the empty name is refused.
std::string check_path(const std::string& path);

/// A command line with the common options.
class CommandLine : public CLI::App {
 public:
  CommandLine(const std::string& name, const std::string& description);

  /// Adds an option or an argument that names a file or folder. --help shows it as PATH. An empty
  /// name, for example from a shell variable that is not set, is refused.
  template <typename Path>
  CLI::Option* add_path(const std::string& name, Path& path, const std::string& description) {
    return add_option(name, path, description)->type_name("PATH")->check(check_path);
  }

  CommonOptions common;
};

/// A check for options that are an integer in this range.
CLI::Validator check_whole(std::int64_t least, std::int64_t most);

/// The largest seed, also of a config: the largest integer that a JSON number holds exactly.
constexpr std::int64_t kGreatestSeed = (std::int64_t{1} << 53) - 1;

/// Parses the command line, runs `body` and turns errors into one line on standard error and an
/// exit code: 2 if the user's input is wrong, 1 if the run failed or its results could not be
/// printed. Programs catch exceptions only here. Before anything else, it ensures that no file can
/// take the place of a closed standard stream, and that exceeding a file size limit is an error.
int run_program(CommandLine& line, int argc, char** argv, const std::function<int()>& body);

}  // namespace qkv::cli
