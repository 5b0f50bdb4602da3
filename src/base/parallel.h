#pragma once

#include <cstddef>
#include <functional>

namespace qkv::base {

/// Calls work(index) once for each of 0 … count − 1, in this order, on at most `threads` threads at
/// once, and returns when all calls have returned. If calls throw, the exception of the lowest
/// index is thrown again, and calls that have not begun are not made.
void for_each_in_parallel(std::size_t count, int threads,
                          const std::function<void(std::size_t)>& work);

}  // namespace qkv::base
