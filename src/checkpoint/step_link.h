#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace qkv::checkpoint {

/// How best and last point to a checkpoint next to them.
enum class LinkKind {
  kSymbolic,  ///< a relative symbolic link
  kFile,      ///< a file that holds the name, if the file system has no symbolic links
};

/// step-NNNNNNN: the name of the checkpoint of a step, and whether a name is one.
std::string step_name(std::int64_t step);
bool is_step_name(const std::filesystem::path& name);

/// What `place` points to, whether or not it exists: the target of a symbolic link, or the name of
/// a checkpoint in a file. Nothing if it is neither.
std::optional<std::filesystem::path> read_step_link(const std::filesystem::path& place);

/// Makes `place` point to `target`, a checkpoint next to it, in one step: with a file if `kind`
/// says so or a symbolic link cannot be made. Throws Error (Fault::kRun).
void write_step_link(const std::filesystem::path& place, const std::filesystem::path& target,
                     LinkKind kind = LinkKind::kSymbolic);

}  // namespace qkv::checkpoint
