#pragma once

#include "text/corpus/cache.h"
#include "text/corpus/token_file.h"

namespace qkv::text {

/// Compares a whole file that is not in memory with its checksums, unless the cache records that
/// this was done and inode, size and modification times are still the same. Bytes of such a file
/// are checked in any case when they are used; this finds damage before a run begins, when the file
/// can be made again. Throws Error.
void check_once(const TokenFile& tokens, CorpusCache& cache);

}  // namespace qkv::text
