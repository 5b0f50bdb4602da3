#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace qkv::checkpoint {

/// How best and last point to a checkpoint beside them.
enum class LinkKind {
  kSymbolic,  ///< a relative symbolic link
  kFile,      ///< a file that holds the name, where the file system has no symbolic links
};

/// step-NNNNNNN: the name of the checkpoint of a step, and whether a name is one.
std::string step_name(std::int64_t step);
bool is_step_name(const std::filesystem::path& name);

/// Where `place` points to, whether or not that is there: the target of a symbolic link, or the
/// name of a checkpoint that a file holds. Nothing where it is neither.
std::optional<std::filesystem::path> read_step_link(const std::filesystem::path& place);

/// Makes `place` point to `target`, a checkpoint beside it, in one step: by a file where `kind`
/// says so or a symbolic link cannot be made. Throws Error (Fault::kRun).
void write_step_link(const std::filesystem::path& place, const std::filesystem::path& target,
                     LinkKind kind = LinkKind::kSymbolic);

}  // namespace qkv::checkpoint
