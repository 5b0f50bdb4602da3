#pragma once

#include <filesystem>
#include <vector>

namespace qkv::config {

// What programs check before they write results, and before the long work that makes these. A
// result takes the place of no file that the program reads, and of none that belongs to a run or a
// checkpoint, by whatever path or link it is named.

/// The file that the links at `path` lead to, for base::write_file. Throws Error if no file can be
/// made there, or if it would replace one of `inputs` ("-" is standard input) or a file of a run.
std::filesystem::path output_file(const std::filesystem::path& path,
                                  const std::vector<std::filesystem::path>& inputs);

/// The same for files in a folder, which may not exist yet. They replace links and do not follow
/// them.
void require_output_files(const std::filesystem::path& folder,
                          const std::vector<std::filesystem::path>& names,
                          const std::vector<std::filesystem::path>& inputs);

/// Throws Error if `path` is one of `inputs`, for inputs that are known later.
void require_no_input(const std::filesystem::path& path,
                      const std::vector<std::filesystem::path>& inputs);

}  // namespace qkv::config
