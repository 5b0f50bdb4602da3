#include "render/png.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/random.h"
#include "render/pixels.h"
#include "scratch.h"

namespace qkv::render {
namespace {

TEST(Png, ReadsBackAsItWas) {
  const testing::Scratch scratch;
  struct Size {
    std::uint32_t width;
    std::uint32_t height;
    std::size_t stride;
  };
  // The last two: noise, in many of the compressor's blocks, and in rows longer than its window.
  for (const Size size : {Size{1, 1, 1}, Size{3, 2, 4}, Size{257, 90, 300}, Size{1500, 120, 1500},
                          Size{12000, 20, 12000}}) {
    base::RandomStream random(size.width);
    std::vector<std::uint32_t> pixels(size.stride * size.height);
    const std::uint64_t flat = size.width < 1000 ? 4 : 1;
    std::uint32_t colour = 0;
    for (std::uint32_t& pixel : pixels) {
      // Noise, flat parts and rows like the one above; the highest byte has no meaning.
      if (random.below(flat) == 0) colour = static_cast<std::uint32_t>(random.next());
      pixel = colour;
    }
    for (std::size_t place = size.stride; place < pixels.size() / 2; ++place)
      pixels[place] = pixels[place - size.stride];
    base::write_file(scratch / "a.png",
                     encode_png(pixels.data(), size.stride, size.width, size.height));
    const testing::Pixels read(scratch / "a.png");
    ASSERT_EQ(read.width(), static_cast<int>(size.width));
    ASSERT_EQ(read.height(), static_cast<int>(size.height));
    for (std::uint32_t y = 0; y < size.height; ++y) {
      for (std::uint32_t x = 0; x < size.width; ++x)
        ASSERT_EQ(read.at(x, y), pixels[y * size.stride + x] & 0xFFFFFFU) << x << ", " << y;
    }
  }
}

TEST(Png, LikeRowsTakeNextToNothing) {
  base::RandomStream random(1);
  std::vector<std::uint32_t> row(500);
  for (std::uint32_t& pixel : row) pixel = static_cast<std::uint32_t>(random.next());
  std::vector<std::uint32_t> pixels;
  for (int y = 0; y < 400; ++y) pixels.insert(pixels.end(), row.begin(), row.end());
  // The first row is stored. The zeros of the others are 2327 repetitions of 258 bytes, the longest
  // in the format, which take at most two bytes each. Without the filter they would take over
  // three, since they would repeat bytes at a distance.
  constexpr std::size_t kFirstRow = 1700;
  constexpr std::size_t kRepetitions = 400 * 1501 / 258;
  EXPECT_LT(encode_png(pixels.data(), 500, 500, 400).size(), kFirstRow + 2 * kRepetitions);
}

}  // namespace
}  // namespace qkv::render
