#pragma once

#include <cstddef>

namespace qkv::kernels {

/// Memory for arrays that are walked through again and again, on pages of 2 MiB where the system
/// has them: with its usual ones the processor waits for their addresses (docs/decisions.md).
/// Arrays share pages, which go back to the system with the last of them; a page that nobody
/// touches takes no memory. Any thread may call either at any time.
///
/// All zero, and begins at a cache line. Throws std::bad_alloc.
std::byte* allocate_huge(std::size_t bytes);
/// `memory` is allocate_huge's.
void deallocate_huge(std::byte* memory) noexcept;

}  // namespace qkv::kernels
