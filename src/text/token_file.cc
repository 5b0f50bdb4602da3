#include "text/token_file.h"

#include <cstring>
#include <limits>

#include "base/error.h"
#include "base/format.h"
#include "text/token_format.h"

namespace qkv {

TokenFile::TokenFile(const std::filesystem::path& path) : file_(path) {
  const auto fail = [&](const auto&... what) { throw Error(concat(path.string(), ": ", what...)); };
  TokenHeader header;
  if (file_.size() < sizeof header) fail("found ", file_.size(), " bytes, expected a token file");
  std::memcpy(&header, file_.data(), sizeof header);
  if (header.magic != TokenHeader::kMagic || header.version != TokenHeader::kVersion) {
    fail("found no header of a token file of version ", TokenHeader::kVersion);
  }
  if (header.id_bytes != 2 && header.id_bytes != 4)
    fail("found ids of ", header.id_bytes, " bytes, expected 2 or 4");
  // Sizes beyond the file's own first, so that nothing below overflows.
  const std::uint64_t room = file_.size() - sizeof header;
  if (header.size > room / header.id_bytes || header.documents > room / sizeof(std::uint64_t)) {
    fail("found ", header.size, " ids and ", header.documents, " documents in ", file_.size(),
         " bytes");
  }
  const std::uint64_t ids = padded_id_bytes(header.size, header.id_bytes);
  const std::uint64_t starts =
      header.documents == 0 ? 0 : (header.documents + 1) * sizeof(std::uint64_t);
  if (ids + starts != room)
    fail("found ", file_.size(), " bytes, expected ", sizeof header + ids + starts);
  if (header.maximum_id > static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max())) {
    fail("found a greatest id of ", header.maximum_id);
  }
  size_ = header.size;
  documents_ = header.documents;
  text_bytes_ = header.text_bytes;
  maximum_id_ = static_cast<std::int32_t>(header.maximum_id);
  const char* data = file_.data() + sizeof header;
  if (header.id_bytes == 4) {
    wide_ = reinterpret_cast<const std::int32_t*>(data);
  } else {
    narrow_ = reinterpret_cast<const std::uint16_t*>(data);
  }
  if (documents_ == 0) return;
  starts_ = reinterpret_cast<const std::uint64_t*>(data + ids);
  bool in_order = starts_[0] == 0 && starts_[documents_] == size_;
  for (std::uint64_t index = 0; index < documents_; ++index)
    in_order &= starts_[index] <= starts_[index + 1];
  if (!in_order) fail("the places where documents begin are out of order");
}

}  // namespace qkv
