// WebAssembly has one instruction set, and no environment that could limit it.
#include "kernels/processor.h"

namespace qkv::kernels {
namespace {

constexpr Instructions kOnly[] = {Instructions::kBaseline};

}  // namespace

const char* name(Instructions /*instructions*/) { return "baseline"; }

Instructions best_instructions() { return kOnly[0]; }

Instructions instructions() { return kOnly[0]; }

std::span<const Instructions> usable_instructions() { return kOnly; }

}  // namespace qkv::kernels
