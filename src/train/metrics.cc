#include "train/metrics.h"

#include <sstream>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"

namespace qkv {
namespace fs = std::filesystem;
namespace {

/// The lines of steps up to `step`.
std::string kept_lines(const std::string& text, std::int64_t step) {
  std::string kept;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const Json record = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!record.is_object() || !record.contains("step") || !record["step"].is_number_integer())
      continue;
    if (record["step"] <= step) kept += line + "\n";
  }
  return kept;
}

}  // namespace

Metrics::Metrics(const fs::path& run, std::int64_t step) : tensorboard_(run / "tensorboard", step) {
  const fs::path path = run / "metrics.jsonl";
  write_file(path, fs::exists(path) ? kept_lines(read_file(path), step) : "");
  lines_.open(path, std::ios::app);
  if (!lines_) throw Error(concat(path.string(), ": cannot open"), Error::Fault::kRun);
}

void Metrics::add(const Json& record) {
  lines_ << record.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
  for (const auto& [key, value] : record.items()) {
    if (key != "step" && value.is_number()) tensorboard_.scalar(key, record["step"], value);
  }
  tensorboard_.flush();
}

}  // namespace qkv
