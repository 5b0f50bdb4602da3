// A config file and --set: lines of KEY=VALUE, a blank line, then the file.

#include "config/config.h"

#include <string>
#include <vector>

#include "fuzz/support/answer.h"
#include "fuzz/support/input_file.h"
#include "fuzz/support/json_fuzzer.h"

namespace qkv::fuzz {

void use(std::string_view text) {
  std::vector<std::string> overrides;
  for (auto end = text.find('\n'); end != text.npos && end > 0 && text.front() != '{';
       end = text.find('\n')) {
    overrides.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  const std::filesystem::path& path = input_file(text);
  config::Config config;
  if (!answers([&] { config = config::load_config(path, overrides); })) return;
  // An accepted config is written in a form that reads back as the same.
  require(config::parse_config(config::to_json(config), "again", "/") == config,
          "a config reads back as it was written");
  answers([&] { config::check_config(config, "config"); });
  answers([&] { config::check_config(config, "config", 300); });
  answers([&] { config::check_files(config, "config"); });
}

}  // namespace qkv::fuzz
