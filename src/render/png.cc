#include "render/png.h"

#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace qkv::render {
namespace {

/// Bytes that are written before they are read: a page has so many that filling them with zeros
/// takes time.
struct Bytes {
  explicit Bytes(std::size_t count)
      : data(std::make_unique_for_overwrite<char[]>(count)), size(count) {}

  std::unique_ptr<char[]> data;
  std::size_t size;
};

std::array<char, 4> big_endian(std::uint32_t number) {
  return {static_cast<char>(number >> 24), static_cast<char>(number >> 16),
          static_cast<char>(number >> 8), static_cast<char>(number)};
}

void append_number(std::uint32_t number, std::string& out) {
  const auto bytes = big_endian(number);
  out.append(bytes.data(), bytes.size());
}

void append_chunk(std::string_view type, std::string_view data, std::string& out) {
  append_number(static_cast<std::uint32_t>(data.size()), out);
  const std::size_t checked = out.size();
  out += type;
  out += data;
  append_number(libdeflate_crc32(0, out.data() + checked, out.size() - checked), out);
}

/// a - b in each of the four bytes, modulo 256; the top bits are set so that no byte borrows.
std::uint32_t subtract_bytes(std::uint32_t a, std::uint32_t b) {
  constexpr std::uint32_t kTop = 0x80808080;
  return ((a | kTop) - (b & ~kTop)) ^ ((a ^ ~b) & kTop);
}

/// The rows, each after the byte that names its filter.
Bytes filter_rows(const std::uint32_t* pixels, std::size_t stride, std::uint32_t width,
                  std::uint32_t height) {
  constexpr char kUp = 2;  // a byte minus the one above it
  // Most pixels equal those above them, and comparing some at once takes least time.
  constexpr std::uint32_t kTogether = 8;
  // One more, since each pixel is written as four bytes, the last of which the next pixel
  // overwrites.
  Bytes rows((1 + std::size_t{3} * width) * height + 1);
  const std::vector<std::uint32_t> black(width);
  const std::uint32_t* above = black.data();
  char* byte = rows.data.get();
  for (std::uint32_t y = 0; y < height; ++y) {
    const std::uint32_t* line = pixels + y * stride;
    *byte++ = kUp;
    for (std::uint32_t x = 0; x < width; x += kTogether) {
      const std::uint32_t end = std::min(x + kTogether, width);
      const std::size_t many = end - x;
      if (std::memcmp(line + x, above + x, sizeof(*line) * many) == 0) {
        std::memset(byte, 0, 3 * many);
        byte += 3 * many;
        continue;
      }
      for (std::uint32_t at = x; at < end; ++at, byte += 3) {
        const auto colours = big_endian(subtract_bytes(line[at], above[at]) << 8);
        std::memcpy(byte, colours.data(), colours.size());
      }
    }
    above = line;
  }
  --rows.size;
  return rows;
}

Bytes compress(const Bytes& bytes) {
  constexpr int kLevel = 1;
  const std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)> compressor(
      libdeflate_alloc_compressor(kLevel), libdeflate_free_compressor);
  if (!compressor)
    throw base::Error("cannot compress a picture: out of memory", base::Error::Fault::kRun);
  Bytes out(libdeflate_zlib_compress_bound(compressor.get(), bytes.size));
  out.size = libdeflate_zlib_compress(compressor.get(), bytes.data.get(), bytes.size,
                                      out.data.get(), out.size);
  return out;
}

/// The signature and the first chunk.
std::string beginning(std::uint32_t width, std::uint32_t height) {
  std::string header;
  append_number(width, header);
  append_number(height, header);
  header += {8, 2, 0, 0, 0};  // bits, RGB, and the only compression, filters and order of rows
  std::string out = "\x89PNG\r\n\x1A\n";
  append_chunk("IHDR", header, out);
  return out;
}

}  // namespace

std::string encode_png(const std::uint32_t* pixels, std::size_t stride, std::uint32_t width,
                       std::uint32_t height) {
  std::string out = beginning(width, height);
  const Bytes data = compress(filter_rows(pixels, stride, width, height));
  append_chunk("IDAT", {data.data.get(), data.size}, out);
  append_chunk("IEND", "", out);
  return out;
}

void AnimatedPng::add(const std::uint32_t* pixels, std::size_t stride, std::uint32_t width,
                      std::uint32_t height, std::uint16_t milliseconds) {
  width_ = width;
  height_ = height;
  std::string control;
  append_number(chunks_++, control);
  append_number(width, control);
  append_number(height, control);
  append_number(0, control);  // x
  append_number(0, control);  // y
  control += {static_cast<char>(milliseconds >> 8), static_cast<char>(milliseconds)};
  control += {1000 >> 8, static_cast<char>(1000 & 0xFF)};  // of which a second has so many
  control += {0, 0};  // the next frame replaces this one, which replaces what was there
  append_chunk("fcTL", control, body_);
  const Bytes data = compress(filter_rows(pixels, stride, width, height));
  const std::string_view bytes(data.data.get(), data.size);
  if (frames_++ == 0) {
    append_chunk("IDAT", bytes, body_);
    return;
  }
  std::string numbered;
  append_number(chunks_++, numbered);
  append_chunk("fdAT", numbered.append(bytes), body_);
}

std::string AnimatedPng::finish() const {
  std::string out = beginning(width_, height_);
  std::string control;
  append_number(frames_, control);
  append_number(0, control);  // repetitions: without end
  append_chunk("acTL", control, out);
  out += body_;
  append_chunk("IEND", "", out);
  return out;
}

}  // namespace qkv::render
