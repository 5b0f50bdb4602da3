#include "kernels/scratch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>

#include "process_memory.h"

namespace qkv::kernels {
namespace {

TEST(Scratch, KeepsTheMemoryOfItsLargestRequest) {
  Scratch scratch;
  std::byte* const large = scratch.reserve(100'000);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(large) % 64, 0U);
  std::fill_n(large, 100'000, std::byte{1});
  EXPECT_EQ(scratch.reserve(10), large);
  EXPECT_EQ(scratch.reserve(100'000), large);
  EXPECT_EQ(*large, std::byte{1}) << "it is not cleared again";
}

TEST(Scratch, GivesBackItsMemoryBeforeItTakesMore) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the address sanitizer keeps what was given back";
#endif
  // Memory that is not touched takes none.
  constexpr std::size_t kMore = 300'000'000;
  const double most =
      std::max(tests::peak_mapped_bytes(), tests::mapped_bytes() + kMore + 10'000'000);
  Scratch scratch;
  scratch.reserve(200'000'000);
  scratch.reserve(kMore);
  EXPECT_LT(tests::peak_mapped_bytes(), most);
}

TEST(Scratch, CanBeUsedAfterARefusal) {
  Scratch scratch;
  scratch.reserve(1000);
  EXPECT_THROW(scratch.reserve(SIZE_MAX), std::bad_alloc);
  std::fill_n(scratch.reserve(2000), 2000, std::byte{1});
}

}  // namespace
}  // namespace qkv::kernels
