#pragma once

#include <filesystem>
#include <optional>

namespace qkv::checkpoint {

// The folder of one checkpoint.

/// Whether the checkpoint's weights exist.
bool holds_weights(const std::filesystem::path& folder);

/// Whether step folder `a` is of an earlier step than `b`: names become longer after 9,999,999.
bool earlier(const std::filesystem::path& a, const std::filesystem::path& b);

/// Something in a checkpoint's folder that is none of its files, or nothing. `folder` itself if it
/// is not a folder.
std::optional<std::filesystem::path> foreign_in_step(const std::filesystem::path& folder);

}  // namespace qkv::checkpoint
