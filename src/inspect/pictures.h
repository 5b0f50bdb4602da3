#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "inspect/inspection.h"
#include "render/heatmap.h"

namespace qkv::inspect {

/// Which heads to show: one layer or all, one head of each or all.
struct HeadChoice {
  std::optional<std::int64_t> layer;
  std::optional<std::int64_t> head;
};

/// Throws Error unless the model has that layer and head.
void require_heads(const HeadChoice& choice, const config::ModelConfig& model);

/// Draws layer-L-head-H for each chosen head, and heads: all of them as a grid, a layer a row.
/// Several threads draw; what they write does not depend on how many. Returns the files. Throws
/// Error where the model has no attention or a file cannot be written.
std::vector<std::filesystem::path> draw_pictures(const checkpoint::Checkpoint& checkpoint,
                                                 const Inspection& inspection,
                                                 const HeadChoice& choice,
                                                 const std::filesystem::path& folder,
                                                 render::PictureFormat format, int threads);

}  // namespace qkv::inspect
