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

Metrics::Metrics(const fs::path& run, std::int64_t step)
    : path_(run / "metrics.jsonl"), tensorboard_(run / "tensorboard", step) {
  write_file(path_,
             fs::exists(path_) ? kept_lines(read_file(path_, file_limit::kMetrics), step) : "");
  lines_.open(path_, std::ios::app);
  if (!lines_) throw Error(concat(path_.string(), ": cannot open"), Error::Fault::kRun);
}

void Metrics::add(const Json& record) {
  lines_ << record.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
  for (const auto& [key, value] : record.items()) {
    if (key != "step" && value.is_number()) tensorboard_.scalar(key, record["step"], value);
  }
  const bool written = tensorboard_.flush() && lines_.good();
  if (!written) {
    throw Error(concat(path_.string(), " or tensorboard beside it: cannot be written at step ",
                       record["step"].dump(), "; is the disk full?"),
                Error::Fault::kRun);
  }
}

}  // namespace qkv
