#include "kernels/arena.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <new>
#include <span>
#include <vector>

#include "process_memory.h"

namespace qkv::kernels {
namespace {

struct Array {
  std::span<std::byte> memory;
  std::byte mark;
};

/// Takes an array and checks that it has not been written to.
Array take(Arena& arena, std::int64_t size, int mark) {
  const Array array{arena.take<std::byte>(size), std::byte(mark)};
  EXPECT_EQ(array.memory.size(), static_cast<std::size_t>(size));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(array.memory.data()) % 64, 0U);
  EXPECT_EQ(std::ranges::count(array.memory, std::byte{0}), size);
  std::ranges::fill(array.memory, array.mark);
  return array;
}

TEST(Arena, ArraysAreZeroAlignedAndApart) {
  Arena arena;
  std::vector<Array> arrays;
  for (const std::int64_t size :
       {1, 0, 64, 65, 100'000, 3'000'000, 20'000'000, 7, 1 << 23, 200'000})
    arrays.push_back(take(arena, size, static_cast<int>(arrays.size()) + 1));
  for (const Array& array : arrays) {
    EXPECT_EQ(std::ranges::count(array.memory, array.mark),
              static_cast<std::ptrdiff_t>(array.memory.size()));
  }
}

TEST(Arena, ItsEndReturnsTheMemory) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the address sanitizer keeps what was given back";
#endif
  const double before = tests::mapped_bytes();
  {
    Arena arena;
    for (int i = 0; i < 10; ++i) take(arena, 5'000'000, i);
    EXPECT_GE(tests::mapped_bytes(), before + 50'000'000);
  }
  EXPECT_LT(tests::mapped_bytes(), before + 5'000'000);
}

TEST(Arena, ManySmallArraysTakeFewPages) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the address sanitizer puts space between arrays";
#endif
  const double before = tests::mapped_bytes();
  Arena arena;
  for (int i = 0; i < 1000; ++i) take(arena, 1000, i);
  EXPECT_LT(tests::mapped_bytes(), before + 4'000'000);
}

TEST(Arena, MoreThanThereIsIsRefused) {
  Arena arena;
  // A request for more than half of all addresses never reaches the system.
  for (const std::int64_t count : {std::int64_t{1} << 61, INT64_MAX - 1, INT64_MAX, INT64_MIN}) {
    EXPECT_THROW(arena.take<float>(count), std::bad_alloc) << count;
  }
#ifndef __SANITIZE_ADDRESS__  // it ends the program
  EXPECT_THROW(arena.take<float>(std::int64_t{1} << 55), std::bad_alloc);
#endif
  take(arena, 1000, 1);  // the arena can still be used
}

}  // namespace
}  // namespace qkv::kernels
