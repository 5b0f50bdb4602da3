#include "text/corpus/token_writer.h"

#include <algorithm>

#include "base/error.h"
#include "base/format.h"
#include "text/corpus/token_format.h"

namespace qkv::text {
namespace {

template <typename Value>
std::string_view bytes_of(const std::vector<Value>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Value)};
}

}  // namespace

TokenWriter::TokenWriter(const std::filesystem::path& path, const std::filesystem::path& written,
                         std::int64_t vocabulary)
    : path_(path),
      written_(written),
      file_(written),
      vocabulary_(vocabulary),
      narrow_(vocabulary <= 65536) {
  file_.write(std::string(sizeof(TokenHeader), '\0'));
}

TokenWriter::TokenWriter(const std::filesystem::path& path, std::int64_t vocabulary)
    : TokenWriter(path, base::temporary_name(path), vocabulary) {}

TokenWriter::TokenWriter(const base::TemporaryFile& file, std::int64_t vocabulary)
    : TokenWriter({}, file.path(), vocabulary) {}

void TokenWriter::write(std::string_view bytes) {
  file_.write(bytes);
  while (!bytes.empty()) {
    const std::size_t count = std::min(bytes.size(), TokenHeader::kChecked - block_.size());
    block_ += bytes.substr(0, count);
    bytes.remove_prefix(count);
    if (block_.size() == TokenHeader::kChecked) end_block();
  }
}

void TokenWriter::end_block() {
  if (block_.empty()) return;
  checksums_.push_back(checksum(block_));
  block_.clear();
}

void TokenWriter::flush() {
  // Checksums are computed from checked ids, so ids that match them need not be checked again.
  if (size_ > 0 && maximum_id_ >= vocabulary_) {
    throw base::Error(base::concat("tokens: found id ", static_cast<std::int32_t>(maximum_id_),
                                   ", expected ids from 0 to below ", vocabulary_),
                      base::Error::Fault::kRun);
  }
  write(bytes_of(narrow_ids_));
  write(bytes_of(wide_ids_));
  narrow_ids_.clear();
  wide_ids_.clear();
}

void TokenWriter::finish(std::uint64_t text_bytes) {
  flush();
  TokenHeader header;
  header.id_bytes = narrow_ ? 2 : 4;
  header.size = size_;
  header.documents = starts_.size();
  header.text_bytes = text_bytes;
  header.maximum_id = maximum_id_;
  write(std::string(padded_id_bytes(size_, header.id_bytes) - size_ * header.id_bytes, '\0'));
  if (!starts_.empty()) {
    starts_.push_back(size_);
    write(bytes_of(starts_));
  }
  end_block();
  file_.write(bytes_of(checksums_));
  header.checksums = checksum(bytes_of(checksums_));
  header.checksum = checksum_of(header);
  file_.write_at(0, {reinterpret_cast<const char*>(&header), sizeof header});
  file_.finish();
  if (path_.empty()) return;
  std::error_code code;
  std::filesystem::rename(written_, path_, code);
  if (code) {
    std::error_code ignored;
    std::filesystem::remove(written_, ignored);
    throw base::Error(base::concat(path_.string(), ": cannot replace: ", code.message()),
                      base::Error::Fault::kRun);
  }
}

}  // namespace qkv::text
