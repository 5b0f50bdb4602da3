#pragma once

#include <span>

namespace qkv::kernels {

/// The instruction sets of the kernels; each includes those before it.
enum class Instructions {
  kBaseline,    ///< what the compiler assumes: SSE2 on x86-64
  kAvx2,        ///< AVX2 and FMA
  kAvx512,      ///< AVX-512 F, BW, DQ and VL
  kAvx512Bf16,  ///< AVX-512's bfloat16
  kAmx,         ///< AMX tiles with bfloat16 products
};

/// "baseline", "avx2", "avx512", "avx512bf16" or "amx".
const char* name(Instructions instructions);

/// The best set that processor and operating system allow. On Linux, the first call requests AMX's
/// registers from the kernel, for all threads of the process.
Instructions best_instructions();

/// The set that the kernels use: the best, or a lower one if the environment variable
/// QKV_INSTRUCTIONS names it. Read once; throws Error if it names no instruction set.
Instructions instructions();

/// All sets up to instructions(), the simplest first.
std::span<const Instructions> usable_instructions();

}  // namespace qkv::kernels
