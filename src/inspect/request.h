#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "inspect/ablation/ablation.h"
#include "inspect/demand.h"

namespace qkv::inspect {

constexpr const char* kDefaultFormats = "png,json,safetensors";

/// What the command line of qkv-inspect requests.
struct Request {
  std::string checkpoint;
  std::optional<std::string> text;
  std::optional<std::string> text_file;
  std::optional<std::string> texts;  ///< a data set
  std::optional<std::string> taps;   ///< of which these are kept
  std::optional<std::string> out;
  std::optional<std::string> format;
  Demand demand;
  AblationRequest ablation;
  std::optional<std::int64_t> trace;
  std::optional<std::string> neighbours;
  std::vector<std::string> analogy;

  bool has_text() const { return text || text_file; }
};

/// Throws Error if an option would change nothing without another, which is missing.
void require_sense(const Request& request);

/// Throws Error if one of the requested files cannot be made, or would replace an input of the
/// program, a text with which the checkpoint was trained, or a file of a run.
void require_outputs(const Request& request, const checkpoint::Checkpoint& checkpoint);

}  // namespace qkv::inspect
