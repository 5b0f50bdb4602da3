#include "kernels/processor.h"

#ifdef __x86_64__
#include <cpuid.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

#include <algorithm>
#include <cstdlib>
#include <string>

#include "base/error.h"

namespace qkv::kernels {
namespace {

constexpr Instructions kAll[] = {Instructions::kBaseline, Instructions::kAvx2,
                                 Instructions::kAvx512, Instructions::kAvx512Bf16,
                                 Instructions::kAmx};

#ifdef __x86_64__

/// Not with __builtin_cpu_supports, since not all compilers know these names there.
bool has_amx() {
  constexpr unsigned kBfloat16 = 1u << 22;
  constexpr unsigned kTiles = 1u << 24;
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (edx & kBfloat16) != 0 &&
         (edx & kTiles) != 0;
}

/// Tile registers are large, so the kernel saves them only for processes that request this.
bool amx_is_granted() {
#if defined(__linux__) && defined(SYS_arch_prctl)
  constexpr int kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr int kTileData = 18;               // XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

Instructions detect() {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
    return Instructions::kBaseline;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
    return Instructions::kAvx2;
  if (!__builtin_cpu_supports("avx512bf16")) return Instructions::kAvx512;
  if (!has_amx() || !amx_is_granted()) return Instructions::kAvx512Bf16;
  return Instructions::kAmx;
}

#else

Instructions detect() { return Instructions::kBaseline; }

#endif

Instructions limited(Instructions best) {
  const char* const limit = std::getenv("QKV_INSTRUCTIONS");
  if (limit == nullptr || *limit == '\0') return best;
  for (const Instructions one : kAll)
    if (name(one) == std::string(limit)) return std::min(best, one);
  throw base::Error("QKV_INSTRUCTIONS: found \"" + std::string(limit) +
                    "\", expected baseline, avx2, avx512, avx512bf16 or amx");
}

}  // namespace

const char* name(Instructions instructions) {
  switch (instructions) {
    case Instructions::kAmx:
      return "amx";
    case Instructions::kAvx512Bf16:
      return "avx512bf16";
    case Instructions::kAvx512:
      return "avx512";
    case Instructions::kAvx2:
      return "avx2";
    default:
      return "baseline";
  }
}

Instructions best_instructions() {
  static const Instructions best = detect();
  return best;
}

Instructions instructions() {
  static const Instructions chosen = limited(best_instructions());
  return chosen;
}

std::span<const Instructions> usable_instructions() {
  return std::span(kAll).first(static_cast<std::size_t>(instructions()) + 1);
}

}  // namespace qkv::kernels
