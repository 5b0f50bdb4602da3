#pragma once

#include <cstddef>

namespace qkv::kernels {

/// Memory for arrays that are traversed repeatedly, on pages of 2 MiB if the system has them: with
/// ordinary pages, the processor waits for their addresses (docs/decisions.md). Arrays share pages,
/// which are returned to the system with the last array on them; a page that is never touched takes
/// no memory. Any thread may call either function at any time.
///
/// The memory is all zero and begins at a cache line. Throws std::bad_alloc.
std::byte* allocate_huge(std::size_t bytes);
/// `memory` comes from allocate_huge.
void deallocate_huge(std::byte* memory) noexcept;

}  // namespace qkv::kernels
