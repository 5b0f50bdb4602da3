#pragma once

#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "text/cache.h"
#include "text/text_file.h"

namespace qkv::text {

/// The files, or parts of files, that one text is made of, in order, and what identifies it.
struct Source {
  std::vector<TextRange> ranges;
  std::string fingerprint;  ///< of the files as they were when the source was made
  bool changed_just_now = false;
  std::uint64_t bytes = 0;
};

/// All of these files. Throws Error.
Source whole_files(const std::vector<std::filesystem::path>& files);

/// A training and a validation part: the end of each file is cut off for validation, so much that
/// validation has about `fraction` of all files together.
///
/// Training should have floor(bytes of the files so far · (1 − fraction)): what one file gave too
/// much or too little, which must be whole characters (stream) or lines, the next ones make up for.
/// Layout stream cuts at the character that holds this place, lines at the nearer end of the line
/// that does. Where there are two lines, neither part is empty.
struct SplitSource {
  Source train;
  Source validation;
};
SplitSource split_files(const std::vector<std::filesystem::path>& files, double fraction,
                        const std::string& layout);

/// Throws Error where a file is in both.
void require_no_overlap(const Source& train, const Source& validation);

/// Throws Error where a file changed since the source was made.
void require_unchanged(const Source& source);

/// Gives the text to `use` in blocks, an empty block after each part, with a progress line that
/// says what is being done. Throws Error where the text is no UTF-8 or a file changed meanwhile.
void read_blocks(const Source& source, const std::string& doing,
                 const std::function<void(std::string_view)>& use);

/// SHA-256 of the text; computing it also checks that the text is UTF-8. Kept in the cache by the
/// files' fingerprint. Warns of the first NUL byte of each file that is not in `with_nul`, adds the
/// file, and keeps no hash then, so that the next run reads the text and warns again.
std::string text_hash(const Source& source, CorpusCache& cache,
                      std::set<std::filesystem::path>& with_nul);

}  // namespace qkv::text
