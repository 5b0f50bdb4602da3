#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace qkv::base {

/// The number of threads that a setting asks for: 0 means one for each processor.
int threads_of(std::int64_t setting);

/// Calls work(index) once for each of 0 … count − 1, in this order, on at most `threads` threads at
/// once, and returns when all calls have returned. If calls throw, the exception of the lowest
/// index is thrown again, and calls that have not begun are not made.
void for_each_in_parallel(std::size_t count, int threads,
                          const std::function<void(std::size_t)>& work);

}  // namespace qkv::base
