#pragma once

#include <immintrin.h>

#include <cstdint>

// AMX's tiles, for files *_amx.cc: eight registers of 16 rows × 64 bytes. A product adds to a tile
// of 16 × 16 floats the product of A, 16 rows × 32 bfloat16, and B, whose row r holds for each of
// 16 columns the pair of numbers 2r and 2r + 1. Written with the instructions themselves, since the
// intrinsics of GCC 12 do not tell the compiler that they read and write memory.
namespace qkv::kernels::amx {

inline constexpr std::int64_t kTileSide = 16;   ///< rows of any tile, columns of floats
inline constexpr std::int64_t kTileDepth = 32;  ///< columns of A
inline constexpr std::int64_t kTileBytes = 1024;

/// Configures all eight tiles at their full size. A library called in between may leave others, or
/// none.
[[gnu::always_inline]] inline void configure_tiles() {
  struct alignas(64) Configuration {
    std::uint8_t palette;
    std::uint8_t start_row;
    std::uint8_t unused[14];
    std::uint16_t row_bytes[16];
    std::uint8_t rows[16];
  };
  static constexpr Configuration kConfiguration = {
      1, 0, {}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};
  asm volatile("ldtilecfg %0" ::"m"(kConfiguration));
}

/// Unused tiles cost the system time when it switches threads.
[[gnu::always_inline]] inline void release_tiles() { asm volatile("tilerelease"); }

template <int kTile>
[[gnu::always_inline]] inline void zero_tile() {
  asm volatile("tilezero %%tmm%c0" ::"i"(kTile));
}

/// Rows of 64 bytes, `stride` bytes apart.
template <int kTile>
[[gnu::always_inline]] inline void load_tile(const void* from, std::int64_t stride) {
  asm volatile("tileloadd (%1,%2,1), %%tmm%c0" ::"i"(kTile), "r"(from), "r"(stride) : "memory");
}

template <int kTile>
[[gnu::always_inline]] inline void store_tile(void* to, std::int64_t stride) {
  asm volatile("tilestored %%tmm%c0, (%1,%2,1)" ::"i"(kTile), "r"(to), "r"(stride) : "memory");
}

/// sum += a · b
template <int kSum, int kA, int kB>
[[gnu::always_inline]] inline void multiply_tiles() {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(kSum), "i"(kA), "i"(kB));
}

}  // namespace qkv::kernels::amx
