#include "render/png.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include <array>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace qkv {
namespace {

std::array<unsigned char, 4> big_endian(std::uint32_t number) {
  return {static_cast<unsigned char>(number >> 24), static_cast<unsigned char>(number >> 16),
          static_cast<unsigned char>(number >> 8), static_cast<unsigned char>(number)};
}

void append_number(std::uint32_t number, std::string& out) {
  for (const unsigned char byte : big_endian(number)) out += static_cast<char>(byte);
}

void append_chunk(std::string_view type, std::string_view data, std::string& out) {
  append_number(static_cast<std::uint32_t>(data.size()), out);
  const std::size_t checked = out.size();
  out += type;
  out += data;
  const auto* bytes = reinterpret_cast<const unsigned char*>(out.data());
  append_number(crc32_gzip_refl(0, bytes + checked, out.size() - checked), out);
}

/// Compresses what it is given, bit by bit of it, in zlib's format.
class Compressor {
 public:
  Compressor() : buffer_(ISAL_DEF_LVL1_DEFAULT) {
    isal_deflate_init(&stream_);
    stream_.level = 1;  // the higher ones take longer and more bytes of such pages
    stream_.level_buf = buffer_.data();
    stream_.level_buf_size = static_cast<std::uint32_t>(buffer_.size());
    stream_.gzip_flag = IGZIP_ZLIB;
  }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  void add(unsigned char* bytes, std::size_t size, bool last, std::string& out) {
    stream_.next_in = bytes;
    stream_.avail_in = static_cast<std::uint32_t>(size);
    stream_.end_of_stream = last ? 1 : 0;
    std::array<unsigned char, 1 << 16> room;
    do {
      stream_.next_out = room.data();
      stream_.avail_out = static_cast<std::uint32_t>(room.size());
      if (isal_deflate(&stream_) != COMP_OK)
        throw Error("cannot compress a picture", Error::Fault::kRun);
      out.append(reinterpret_cast<const char*>(room.data()), room.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }

 private:
  std::vector<unsigned char> buffer_;
  isal_zstream stream_;
};

/// a - b in each of the four bytes, modulo 256: the top bits are kept from borrowing.
std::uint32_t subtract_bytes(std::uint32_t a, std::uint32_t b) {
  constexpr std::uint32_t kTop = 0x80808080;
  return ((a | kTop) - (b & ~kTop)) ^ ((a ^ ~b) & kTop);
}

/// The compressed rows, each after the byte that names its filter.
std::string compress_rows(const std::uint32_t* pixels, std::size_t stride, std::uint32_t width,
                          std::uint32_t height) {
  std::string data;
  const auto compressor = std::make_unique<Compressor>();
  constexpr unsigned char kUp = 2;  // a byte less the one above it
  std::vector<unsigned char> row(1 + std::size_t{3} * width +
                                 1);  // a pixel is written as four bytes
  row[0] = kUp;
  const std::vector<std::uint32_t> black(width);
  const std::uint32_t* above = black.data();
  for (std::uint32_t y = 0; y < height; ++y) {
    const std::uint32_t* line = pixels + y * stride;
    unsigned char* byte = row.data() + 1;
    for (std::uint32_t x = 0; x < width; ++x, byte += 3) {
      const auto colours = big_endian(subtract_bytes(line[x], above[x]) << 8);
      std::memcpy(byte, colours.data(), colours.size());
    }
    compressor->add(row.data(), row.size() - 1, y + 1 == height, data);
    above = line;
  }
  return data;
}

}  // namespace

std::string encode_png(const std::uint32_t* pixels, std::size_t stride, std::uint32_t width,
                       std::uint32_t height) {
  std::string header;
  append_number(width, header);
  append_number(height, header);
  header += {8, 2, 0, 0, 0};  // bits, RGB, and the only compression, filters and order of rows
  std::string out = "\x89PNG\r\n\x1A\n";
  append_chunk("IHDR", header, out);
  append_chunk("IDAT", compress_rows(pixels, stride, width, height), out);
  append_chunk("IEND", "", out);
  return out;
}

}  // namespace qkv
