#include "text/token_writer.h"

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/format.h"
#include "text/token_format.h"

namespace qkv {
namespace {

template <typename Value>
std::string_view bytes_of(const std::vector<Value>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Value)};
}

}  // namespace

TokenWriter::TokenWriter(const std::filesystem::path& path, std::int64_t vocabulary)
    : path_(path),
      temporary_(temporary_name(path)),
      file_(temporary_),
      narrow_(vocabulary <= 65536) {
  file_.write(std::string(sizeof(TokenHeader), '\0'));
}

void TokenWriter::flush() {
  file_.write(bytes_of(narrow_ids_));
  file_.write(bytes_of(wide_ids_));
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
  header.maximum_id = static_cast<std::uint64_t>(maximum_id_);
  file_.write(std::string(padded_id_bytes(size_, header.id_bytes) - size_ * header.id_bytes, '\0'));
  if (!starts_.empty()) {
    starts_.push_back(size_);
    file_.write(bytes_of(starts_));
  }
  file_.write_at(0, {reinterpret_cast<const char*>(&header), sizeof header});
  file_.finish();
  std::error_code code;
  std::filesystem::rename(temporary_, path_, code);
  if (code) {
    std::error_code ignored;
    std::filesystem::remove(temporary_, ignored);
    throw Error(concat(path_.string(), ": cannot replace: ", code.message()), Error::Fault::kRun);
  }
}

}  // namespace qkv
