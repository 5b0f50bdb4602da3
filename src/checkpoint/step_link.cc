#include "checkpoint/step_link.h"

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"

namespace qkv::checkpoint {
namespace fs = std::filesystem;

std::string step_name(std::int64_t step) {
  std::string digits = std::to_string(step);
  digits.insert(0, digits.size() < 7 ? 7 - digits.size() : 0, '0');
  return "step-" + digits;
}

bool is_step_name(const fs::path& name) {
  const std::string text = name;
  return text.starts_with("step-") && text.size() > 5 &&
         text.find_first_not_of("0123456789", 5) == std::string::npos;
}

std::optional<fs::path> read_step_link(const fs::path& place) {
  constexpr std::uintmax_t kLongest = 64;
  std::error_code code;
  if (fs::is_symlink(place, code)) return fs::read_symlink(place);
  if (!fs::is_regular_file(place, code) || fs::file_size(place, code) > kLongest)
    return std::nullopt;
  std::string name = base::read_file(place);
  name.erase(name.find_last_not_of(" \t\r\n") + 1);
  if (!is_step_name(name)) return std::nullopt;
  return name;
}

void write_step_link(const fs::path& place, const fs::path& target, LinkKind kind) {
  if (read_step_link(place) == target) return;
  std::error_code code;
  if (kind == LinkKind::kSymbolic) {
    const fs::path temporary = base::temporary_name(place);
    fs::create_symlink(target, temporary, code);
    if (!code) {
      fs::rename(temporary, place, code);
      if (!code) return;
      std::error_code ignored;
      fs::remove(temporary, ignored);
      throw base::Error(
          base::concat(place.string(), ": cannot link to ", target.string(), ": ", code.message()),
          base::Error::Fault::kRun);
    }
  }
  base::write_file(place, target.string() + "\n");
}

}  // namespace qkv::checkpoint
