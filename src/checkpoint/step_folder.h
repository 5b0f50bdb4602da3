#pragma once

#include <filesystem>
#include <functional>
#include <optional>

namespace qkv::checkpoint {

// The folder of one step: of a checkpoint or a snapshot.

/// Whether its weights exist.
bool holds_weights(const std::filesystem::path& folder);

/// Whether step folder `a` is of an earlier step than `b`: names become longer after 9,999,999.
bool earlier(const std::filesystem::path& a, const std::filesystem::path& b);

/// Something in the folder that is none of a checkpoint's files, or nothing. `folder` itself if it
/// is not a folder.
std::optional<std::filesystem::path> foreign_in_step(const std::filesystem::path& folder);

/// Writes the folder of a step, completely or not at all: `write` fills the folder that it
/// receives, which then takes the place of `target`. Throws Error (Fault::kRun) if it fails, or if
/// something that qkv did not write is there; what existed before stays.
void replace_step(const std::filesystem::path& target,
                  const std::function<void(const std::filesystem::path& temporary)>& write);

/// Whether a name is that of an interrupted replace_step.
bool is_step_leftover(const std::filesystem::path& path);

}  // namespace qkv::checkpoint
