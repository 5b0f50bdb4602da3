#include "kernels/huge_pages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <new>
#include <string>
#include <thread>
#include <vector>

namespace qkv::kernels {
namespace {

/// Bytes of the process's address space that are mapped.
std::int64_t mapped() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "VmSize:") continue;
    std::int64_t kibibytes = 0;
    status >> kibibytes;
    return kibibytes << 10;
  }
  return -1;
}

struct Array {
  std::byte* memory;
  std::size_t size;
  std::byte mark;
};

/// Takes an array and checks that it has not been written to.
Array take(std::size_t size, int mark) {
  Array array{allocate_huge(size), size, std::byte(mark)};
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(array.memory) % 64, 0U);
  EXPECT_EQ(std::count(array.memory, array.memory + size, std::byte{0}), std::ptrdiff_t(size));
  std::fill_n(array.memory, size, array.mark);
  return array;
}

void give_back(const Array& array) {
  EXPECT_EQ(std::count(array.memory, array.memory + array.size, array.mark),
            std::ptrdiff_t(array.size));
  deallocate_huge(array.memory);
}

TEST(HugePages, ArraysAreZeroAlignedAndApart) {
  std::vector<Array> arrays;
  for (const std::size_t size : {1UL, 64UL, 65UL, 100'000UL, 3'000'000UL, 20'000'000UL, 1UL << 23})
    arrays.push_back(take(size, static_cast<int>(arrays.size()) + 1));
  // Some of them end, others begin.
  for (const std::size_t place : {1U, 3U, 5U}) {
    give_back(arrays[place]);
    arrays[place] = take(200'000, 100 + static_cast<int>(place));
  }
  for (const Array& array : arrays) give_back(array);
}

TEST(HugePages, TheSystemGetsThemBack) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the address sanitizer keeps what was given back";
#endif
  const std::int64_t before = mapped();
  std::vector<Array> arrays;
  for (int i = 0; i < 10; ++i) arrays.push_back(take(5'000'000, i));
  EXPECT_GE(mapped(), before + 50'000'000);
  for (const Array& array : arrays) give_back(array);
  EXPECT_LT(mapped(), before + 5'000'000);
}

TEST(HugePages, ThreadsTakeAndGiveBackAtOnce) {
  std::vector<std::thread> threads;
  for (int number = 1; number <= 4; ++number) {
    threads.emplace_back([number] {
      for (int round = 0; round < 20; ++round) {
        const Array first = take(300'000, number);
        const Array second = take(70'000, number + 4);
        give_back(first);
        give_back(second);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(HugePages, MoreThanThereIsIsRefused) {
  // A request for more than half of all addresses never reaches the allocator.
  for (const std::size_t size : {std::size_t{1} << 62, SIZE_MAX - 1, SIZE_MAX}) {
#ifdef __SANITIZE_ADDRESS__
    if (size < SIZE_MAX / 2) continue;  // it ends the program
#endif
    EXPECT_THROW(allocate_huge(size), std::bad_alloc) << size;
  }
}

}  // namespace
}  // namespace qkv::kernels
