#pragma once

namespace qkv::kernels {

/// The instructions that kernels are compiled for; each set includes those before it.
enum class Instructions {
  kBaseline,    ///< what the compiler takes for granted: SSE2 on x86-64
  kAvx2,        ///< AVX2 and FMA
  kAvx512,      ///< AVX-512 F, BW, DQ and VL
  kAvx512Bf16,  ///< AVX-512's bfloat16
  kAmx,         ///< AMX tiles with bfloat16 products
};

/// "baseline", "avx2", "avx512", "avx512bf16" or "amx".
const char* name(Instructions instructions);

/// The best that processor and operating system allow; on Linux the first call asks the kernel for
/// AMX's registers, for all threads of the process.
Instructions best_instructions();

/// What the kernels use: the best, or less where the environment variable QKV_INSTRUCTIONS names
/// less. Read once; throws Error if it names no instruction set.
Instructions instructions();

}  // namespace qkv::kernels
