#pragma once

#include "text/cache.h"
#include "text/token_file.h"

namespace qkv::text {

/// Compares all of a file that is not in memory with its checksums, unless the cache knows that
/// this was done and inode, size and times of change are still the same. Whatever is used of such a
/// file is compared in any case; this finds damage before a run has begun, when the file can be
/// made again. Throws Error.
void check_once(const TokenFile& tokens, CorpusCache& cache);

}  // namespace qkv::text
