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
  const tests::Scratch scratch;
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
    const tests::Pixels read(scratch / "a.png");
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
  EXPECT_LT(encode_png(pixels.data(), 500, 500, 400).size(), 4000U);
}

}  // namespace
}  // namespace qkv::render
