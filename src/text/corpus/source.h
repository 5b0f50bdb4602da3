#pragma once

#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "spec/text.h"
#include "text/corpus/cache.h"
#include "text/corpus/text_file.h"

namespace qkv::text {

/// The files, or parts of files, that form one text, in order, and what identifies it.
struct Source {
  std::vector<TextRange> ranges;
  std::string fingerprint;  ///< of the files at the time when the source was made
  bool changed_just_now = false;
  std::uint64_t bytes = 0;
};

/// All of these files. Throws Error.
Source whole_files(const std::vector<std::filesystem::path>& files);

/// A training and a validation part. The end of each file is held out for validation, so that
/// validation has about `fraction` of all files together.
///
/// Training should have floor(bytes of the files so far · (1 − fraction)). Cuts are at whole
/// characters (stream) or lines, so one file may give too much or too little; the next files make
/// up for it. Layout stream cuts at the character that holds this offset, lines at the nearer end
/// of the line that does. If there are at least two lines, neither part is empty.
struct SplitSource {
  Source train;
  Source validation;
};
SplitSource split_files(const std::vector<std::filesystem::path>& files, double fraction,
                        spec::TextLayout layout);

/// Throws Error if a file is in both.
void require_no_overlap(const Source& train, const Source& validation);

/// Throws Error if a file changed since the source was made.
void require_unchanged(const Source& source);

/// Passes the text to `use` in blocks, with an empty block after each part, and shows a progress
/// line that says what is being done. Throws Error if the text is not UTF-8 or a file changes
/// meanwhile.
void read_blocks(const Source& source, const std::string& doing,
                 const std::function<void(std::string_view)>& use);

/// SHA-256 of the text; computing it also checks that the text is UTF-8. The cache keeps it under
/// the files' fingerprint. Warns of the first NUL byte of each file that is not in `with_nul`, and
/// adds the file. In this case it caches no hash, so that the next run reads the text and warns
/// again.
std::string text_hash(const Source& source, CorpusCache& cache,
                      std::set<std::filesystem::path>& with_nul);

}  // namespace qkv::text
