#include "train/metrics.h"

#include <sstream>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/json.h"
#include "config/run_files.h"

namespace qkv::train {
namespace fs = std::filesystem;
namespace {

/// Nothing if a line is not JSON, for example because it was cut off.
base::Json record_of(const std::string& line) {
  try {
    return base::parse_json(line, config::kMetricsFile);
  } catch (const base::Error&) {
    return {};
  }
}

/// Calls `take` with each record, its line and its line's number from 1; a line that is not a
/// record is skipped.
template <typename Take>
void for_each_record(const fs::path& path, const Take& take) {
  if (!fs::exists(path)) return;
  std::istringstream lines(base::read_file(path, base::file_limit::kMetrics));
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const base::Json record = record_of(line);
    if (record.is_object() && record.contains("step") && record["step"].is_number_integer())
      take(record, line, number);
  }
}

/// The lines of steps up to `step`.
std::string kept_lines(const fs::path& path, std::int64_t step) {
  std::string kept;
  for_each_record(path, [&](const base::Json& record, const std::string& line, std::size_t) {
    if (record["step"] <= step) kept += line + "\n";
  });
  return kept;
}

}  // namespace

std::vector<checkpoint::MeasuredLoss> validation_losses(const fs::path& run) {
  std::vector<checkpoint::MeasuredLoss> losses;
  for_each_record(run / config::kMetricsFile,
                  [&](const base::Json& record, const std::string&, std::size_t) {
                    if (record.contains("validation_loss") && record["validation_loss"].is_number())
                      losses.push_back({.loss = record["validation_loss"], .step = record["step"]});
                  });
  return losses;
}

void require_metrics_within(const fs::path& run, std::int64_t most) {
  const fs::path path = run / config::kMetricsFile;
  for_each_record(path, [&](const base::Json& record, const std::string&, std::size_t number) {
    const base::Json& step = record["step"];
    if (!step.is_number_unsigned() || step > static_cast<std::uint64_t>(most)) {
      throw base::Error(base::concat(path.string(), ":", number, ": step: found ", step.dump(),
                                     ", expected a step of the run, from 0 to ", most));
    }
  });
}

Metrics::Metrics(const fs::path& run, std::int64_t step)
    : path_(run / config::kMetricsFile), tensorboard_(run / config::kTensorBoardFolder, step) {
  base::write_file(path_, kept_lines(path_, step));
  lines_.open(path_, std::ios::app);
  if (!lines_)
    throw base::Error(base::concat(path_.string(), ": cannot open"), base::Error::Fault::kRun);
}

void Metrics::add(const base::Json& record) {
  lines_ << record.dump(-1, ' ', false, base::Json::error_handler_t::replace) << std::endl;
  for (const auto& [key, value] : record.items()) {
    if (key != "step" && value.is_number()) tensorboard_.scalar(key, record["step"], value);
  }
  const bool written = tensorboard_.flush() && lines_.good();
  if (!written) {
    throw base::Error(
        base::concat(path_.string(), " or tensorboard next to it: cannot be written at step ",
                     record["step"].dump(), "; is the disk full?"),
        base::Error::Fault::kRun);
  }
}

}  // namespace qkv::train
