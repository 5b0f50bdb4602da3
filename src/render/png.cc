#include "render/png.h"

#include <zlib.h>

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace qkv {
namespace {

using Bytes = std::vector<unsigned char>;

void append_number(std::uint32_t number, std::string& out) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 0xFFU);
}

void append_chunk(const std::string& type_and_data, std::string& out) {
  append_number(static_cast<std::uint32_t>(type_and_data.size() - 4), out);
  out += type_and_data;
  const uLong check =
      ::crc32_z(0, reinterpret_cast<const Bytef*>(type_and_data.data()), type_and_data.size());
  append_number(static_cast<std::uint32_t>(check), out);
}

/// Compresses what it is given, bit by bit of it, in zlib's format.
class Compressor {
 public:
  Compressor() {
    if (::deflateInit(&stream_, kLevel) != Z_OK) fail();
  }
  ~Compressor() { ::deflateEnd(&stream_); }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  void add(Bytes& bytes, bool last, std::string& out) {
    stream_.next_in = bytes.data();
    stream_.avail_in = static_cast<uInt>(bytes.size());
    std::array<unsigned char, 1 << 16> room;
    do {
      stream_.next_out = room.data();
      stream_.avail_out = static_cast<uInt>(room.size());
      if (::deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH) == Z_STREAM_ERROR) fail();
      out.append(reinterpret_cast<const char*>(room.data()), room.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }

 private:
  static constexpr int kLevel = 6;

  [[noreturn]] static void fail() {
    throw Error("cannot compress a picture: out of memory", Error::Fault::kRun);
  }

  z_stream stream_{};
};

}  // namespace

std::string encode_png(const std::uint32_t* pixels, std::size_t stride, std::uint32_t width,
                       std::uint32_t height) {
  std::string header = "IHDR";
  append_number(width, header);
  append_number(height, header);
  header += {8, 2, 0, 0, 0};  // bits, RGB, and the only compression, filters and order of rows
  std::string out = "\x89PNG\r\n\x1A\n";
  append_chunk(header, out);

  std::string data = "IDAT";
  Compressor compressor;
  constexpr unsigned char kUp = 2;  // a byte less the one above it
  Bytes row(1 + std::size_t{3} * width, 0);
  row[0] = kUp;
  const std::vector<std::uint32_t> black(width);
  const std::uint32_t* above = black.data();
  for (std::uint32_t y = 0; y < height; ++y) {
    const std::uint32_t* line = pixels + y * stride;
    unsigned char* byte = row.data() + 1;
    for (std::uint32_t x = 0; x < width; ++x) {
      for (int shift = 16; shift >= 0; shift -= 8)
        *byte++ = static_cast<unsigned char>((line[x] >> shift) - (above[x] >> shift));
    }
    compressor.add(row, y + 1 == height, data);
    above = line;
  }
  append_chunk(data, out);
  append_chunk("IEND", out);
  return out;
}

}  // namespace qkv
