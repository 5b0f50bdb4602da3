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

struct Chunk {
  std::string type;
  std::string data;
};

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t place = at; place < at + 4; ++place)
    number = number << 8U | static_cast<unsigned char>(bytes.at(place));
  return number;
}

std::vector<Chunk> chunks_of(const std::string& png) {
  std::vector<Chunk> chunks;
  for (std::size_t at = 8; at < png.size();) {
    const std::uint32_t size = number_at(png, at);
    chunks.push_back({png.substr(at + 4, 4), png.substr(at + 8, size)});
    at += 12 + size;
  }
  return chunks;
}

TEST(AnimatedPng, HoldsEveryFrameAndItsTime) {
  const std::vector<std::uint32_t> red(12, 0xFF0000);
  const std::vector<std::uint32_t> blue(12, 0x0000FF);
  AnimatedPng animation;
  animation.add(red.data(), 4, 4, 3, 100);
  animation.add(blue.data(), 4, 4, 3, 65535);
  animation.add(red.data(), 4, 4, 3, 300);
  const std::string file = animation.finish();

  const std::vector<Chunk> chunks = chunks_of(file);
  std::vector<std::string> types;
  types.reserve(chunks.size());
  for (const Chunk& chunk : chunks) types.push_back(chunk.type);
  EXPECT_EQ(types, (std::vector<std::string>{"IHDR", "acTL", "fcTL", "IDAT", "fcTL", "fdAT", "fcTL",
                                             "fdAT", "IEND"}));
  EXPECT_EQ(number_at(chunks[1].data, 0), 3U);
  EXPECT_EQ(number_at(chunks[1].data, 4), 0U);
  const auto numbered = {2, 4, 5, 6, 7};
  std::uint32_t next = 0;
  for (const int chunk : numbered)
    EXPECT_EQ(number_at(chunks[static_cast<std::size_t>(chunk)].data, 0), next++);
  EXPECT_EQ(chunks[2].data, (std::string("\0\0\0\0\0\0\0\4\0\0\0\3\0\0\0\0\0\0\0\0"
                                         "\0\x64\x03\xE8\0\0",
                                         26)));
  EXPECT_EQ(chunks[4].data.substr(20, 2), "\xFF\xFF");
  // A frame's data are those of a picture of its own.
  EXPECT_EQ(chunks[3].data, chunks_of(encode_png(red.data(), 4, 4, 3))[1].data);
  EXPECT_EQ(chunks[5].data.substr(4), chunks_of(encode_png(blue.data(), 4, 4, 3))[1].data);

  // For whoever knows no animations, it is the first frame.
  const tests::Scratch scratch;
  base::write_file(scratch / "a.png", file);
  EXPECT_EQ(tests::Pixels(scratch / "a.png").at(1, 1), 0xFF0000U);
}

}  // namespace
}  // namespace qkv::render
