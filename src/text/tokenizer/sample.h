#pragma once

#include <cstdint>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

namespace qkv::text {

/// A random sample of a text of unknown length in bounded memory. The text is cut into chunks (at
/// line ends if possible), each chunk draws a key, and the chunks with the smallest keys stay.
class TextSample {
 public:
  struct Chunk {
    std::uint64_t key = 0;
    std::string text;
    bool at_line_start = true;
    bool operator<(const Chunk& other) const { return key < other.key; }
  };

  /// REQUIRES limit > 0. At least one chunk stays, however small the limit.
  explicit TextSample(std::uint64_t limit);

  /// The next part of the text, whole characters.
  void add(std::string_view block);
  /// The chunks, in no particular order; ends the sample.
  std::vector<Chunk> take();

 private:
  void keep(std::string_view text);

  std::uint64_t limit_;
  std::size_t chunk_bytes_;
  std::string pending_;
  bool at_line_start_ = true;
  std::uint64_t count_ = 0;
  std::uint64_t kept_bytes_ = 0;
  std::priority_queue<Chunk> chunks_;
};

}  // namespace qkv::text
