#include "text/corpus/checksum.h"

#include <xxhash.h>

namespace qkv::text {

std::uint64_t checksum(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

}  // namespace qkv::text
