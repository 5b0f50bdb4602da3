#pragma once

namespace qkv::base {

/// The bytes of memory that this machine has. As a double: estimates that it is compared with do
/// not overflow.
double machine_memory();

}  // namespace qkv::base
