#include "text/corpus/token_file.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string_view>

#include "base/error.h"
#include "base/format.h"
#include "base/parallel.h"
#include "text/corpus/token_format.h"

namespace qkv::text {
namespace {

constexpr std::uint64_t kChecked = TokenHeader::kChecked;
/// The number of bytes that are read and checked at once.
constexpr std::uint64_t kAtOnce = 256 * kChecked;

/// `value` rounded up to a multiple of `unit`.
constexpr std::uint64_t up(std::uint64_t value, std::uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

template <typename Value>
char* writable_bytes(std::vector<Value>& values) {
  return reinterpret_cast<char*>(values.data());
}

template <typename Id>
void widen(const char* bytes, std::span<std::int32_t> ids) {
  for (std::size_t index = 0; index < ids.size(); ++index) {
    Id id;
    std::memcpy(&id, bytes + index * sizeof id, sizeof id);
    ids[index] = static_cast<std::int32_t>(id);
  }
}

}  // namespace

TokenFile::TokenFile(const std::filesystem::path& path, std::uint64_t most_in_memory)
    : path_(path), file_(std::make_unique<const TextFile>(path)) {
  const auto fail = [&](const auto&... what) {
    throw base::Error(base::concat(path.string(), ": ", what...));
  };
  const std::uint64_t file_size = file_->size();
  TokenHeader header;
  if (file_->bytes().read_some(0, sizeof header, reinterpret_cast<char*>(&header)) < sizeof header)
    fail("found ", file_size, " bytes, expected a token file");
  if (header.magic != TokenHeader::kMagic || header.version != TokenHeader::kVersion) {
    fail("found no token file header of version ", TokenHeader::kVersion);
  }
  if (header.checksum != checksum_of(header)) fail("damaged in its header");
  if (header.id_bytes != 2 && header.id_bytes != 4)
    fail("found ids of ", header.id_bytes, " bytes, expected 2 or 4");
  // Sizes beyond the file's own first, so that nothing below overflows.
  const std::uint64_t room = file_size - sizeof header;
  if (header.size > room / header.id_bytes || header.documents > room / sizeof(std::uint64_t)) {
    fail("found ", header.size, " ids and ", header.documents, " documents in ", file_size,
         " bytes");
  }
  const std::uint64_t id_bytes = padded_id_bytes(header.size, header.id_bytes);
  const std::uint64_t starts = header.documents == 0 ? 0 : header.documents + 1;
  checked_bytes_ = id_bytes + starts * sizeof(std::uint64_t);
  checksums_.resize(up(checked_bytes_, kChecked) / kChecked);
  const std::uint64_t table = checksums_.size() * sizeof(std::uint64_t);
  if (checked_bytes_ + table != room)
    fail("found ", file_size, " bytes, expected ", sizeof header + checked_bytes_ + table);
  if (header.maximum_id > static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max())) {
    fail("found a largest id of ", header.maximum_id);
  }
  size_ = header.size;
  id_bytes_ = header.id_bytes;
  documents_ = header.documents;
  text_bytes_ = header.text_bytes;
  maximum_id_ = static_cast<std::int32_t>(header.maximum_id);

  if (file_->bytes().read_some(sizeof header + checked_bytes_, table, writable_bytes(checksums_)) <
          table ||
      checksum({writable_bytes(checksums_), table}) != header.checksums) {
    fail("damaged in its checksums");
  }
  starts_.resize(starts);
  copy(id_bytes, checked_bytes_, writable_bytes(starts_));
  bool in_order = starts == 0 || (starts_.front() == 0 && starts_.back() == size_);
  in_order &= std::is_sorted(starts_.begin(), starts_.end());
  if (!in_order) fail("the offsets where documents begin are out of order");
  if (id_bytes > most_in_memory) return;
  ids_ = std::make_unique_for_overwrite<char[]>(id_bytes);
  copy(0, id_bytes, ids_.get());
}

void TokenFile::read_blocks(std::uint64_t at, std::uint64_t count, char* into) const {
  const std::uint64_t found = file_->bytes().read_some(sizeof(TokenHeader) + at, count, into);
  for (std::uint64_t block = 0; block < count; block += kChecked) {
    const std::uint64_t size = std::min(kChecked, count - block);
    if (block + size > found ||
        checksum({into + block, size}) != checksums_[(at + block) / kChecked]) {
      throw base::Error(
          base::concat(path_.string(), ": damaged at byte ", sizeof(TokenHeader) + at + block),
          base::Error::Fault::kRun);
    }
  }
}

void TokenFile::copy(std::uint64_t begin, std::uint64_t end, char* into) const {
  if (begin == end) return;
  const std::uint64_t first = begin / kChecked * kChecked;
  const std::uint64_t last = std::min(up(end, kChecked), checked_bytes_);
  const auto buffer = std::make_unique_for_overwrite<char[]>(std::min(kAtOnce, last - first));
  for (std::uint64_t at = first; at < end; at += kAtOnce) {
    const std::uint64_t count = std::min(kAtOnce, last - at);
    read_blocks(at, count, buffer.get());
    const std::uint64_t from = std::max(begin, at);
    const std::uint64_t to = std::min(end, at + count);
    std::memcpy(into + (from - begin), buffer.get() + (from - at), to - from);
  }
}

void TokenFile::read(std::uint64_t begin, std::span<std::int32_t> ids) const {
  const std::uint64_t first = begin * id_bytes_;
  std::unique_ptr<char[]> read_now;
  const char* bytes = ids_ ? ids_.get() + first : nullptr;
  if (!ids_) {
    read_now = std::make_unique_for_overwrite<char[]>(ids.size() * id_bytes_);
    try {
      copy(first, first + ids.size() * id_bytes_, read_now.get());
    } catch (const base::Error& error) {
      throw base::Error(base::concat(error.what(), ": delete this file; qkv then makes it again"),
                        base::Error::Fault::kRun);
    }
    bytes = read_now.get();
  }
  if (id_bytes_ == 4) {
    widen<std::int32_t>(bytes, ids);
  } else {
    widen<std::uint16_t>(bytes, ids);
  }
}

std::int32_t TokenFile::operator[](std::uint64_t index) const {
  std::int32_t id;
  read(index, {&id, 1});
  return id;
}

void TokenFile::check() const {
  if (!stays_in_file()) return;
  const int threads = base::threads_of(0);
  base::for_each_in_parallel(up(checked_bytes_, kAtOnce) / kAtOnce, threads, [&](std::size_t part) {
    const std::uint64_t at = part * kAtOnce;
    const std::uint64_t count = std::min(kAtOnce, checked_bytes_ - at);
    const auto buffer = std::make_unique_for_overwrite<char[]>(count);
    read_blocks(at, count, buffer.get());
  });
}

}  // namespace qkv::text
