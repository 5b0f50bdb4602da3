#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "inspect/inspection.h"
#include "render/heatmap/heatmap.h"

namespace qkv::inspect {

/// Which heads to show: one layer or all, one head per layer or all.
struct HeadChoice {
  std::optional<std::int64_t> layer;
  std::optional<std::int64_t> head;
};

/// Throws Error unless the model has that layer and that head.
void require_heads(const HeadChoice& choice, const spec::ModelConfig& model);

/// The number of heads that are shown, and the number per row of the grid.
std::int64_t shown_heads(const HeadChoice& choice, const spec::ModelConfig& model);
int grid_columns(const HeadChoice& choice, const spec::ModelConfig& model);

/// Throws Error if draw_pictures would refuse, whatever the format.
void require_pictures_fit(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                          const HeadChoice& choice);

/// The names of the pictures: layer-L-head-H of each chosen head, and last heads.
std::vector<std::filesystem::path> picture_names(const HeadChoice& choice,
                                                 const spec::ModelConfig& model,
                                                 render::PictureFormat format);

/// Draws layer-L-head-H for each chosen head, and heads: all of them as a grid, one layer per row.
/// Several threads draw; the files do not depend on their number. Returns the files. Throws Error
/// if the model has no attention or a file cannot be written.
std::vector<std::filesystem::path> draw_pictures(const checkpoint::Checkpoint& checkpoint,
                                                 const Inspection& inspection,
                                                 const HeadChoice& choice,
                                                 const std::filesystem::path& folder,
                                                 render::PictureFormat format, int threads);

}  // namespace qkv::inspect
