#include "text/tokenizer/tokenizer.h"

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/utf8.h"
#include "text/tokenizer/encoder.h"
#include "text/tokenizer/learning.h"
#include "text/tokenizer/pieces.h"

namespace qkv::text {

Tokenizer::Tokenizer(std::shared_ptr<const Pieces> pieces) : pieces_(std::move(pieces)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Tokenizer Tokenizer::train(const config::TokenizerConfig& config,
                           const std::function<std::string_view()>& next_block) {
  return from_bytes(learn_pieces(config, next_block, Newlines::kLearned), config.kind,
                    "trained tokenizer");
}

Tokenizer Tokenizer::load(const std::filesystem::path& path, spec::TokenizerKind kind) {
  return from_bytes(base::read_file(path, base::file_limit::kTokenizer), kind, path.string());
}

Tokenizer Tokenizer::from_bytes(std::string bytes, spec::TokenizerKind kind,
                                const std::string& name) {
  return Tokenizer(std::make_shared<const Pieces>(std::move(bytes), kind, name));
}

std::vector<std::int32_t> Tokenizer::encode(std::string_view text, Place place) const {
  base::require_utf8(text, "text");
  std::vector<std::int32_t> ids;
  Encoder(*this).encode(text, place == Place::kLineStart, true,
                        [&](std::int32_t id, std::uint32_t) { ids.push_back(id); });
  return ids;
}

std::vector<Token> Tokenizer::encode_with_offsets(std::string_view text, Place place) const {
  base::require_utf8(text, "text");
  std::vector<Token> tokens;
  std::size_t end = 0;
  Encoder(*this).encode(text, place == Place::kLineStart, true,
                        [&](std::int32_t id, std::uint32_t size) {
                          tokens.push_back({id, end, end + size});
                          end += size;
                        });
  return tokens;
}

std::string Tokenizer::decode(std::span<const std::int32_t> ids, Place place) const {
  std::string out;
  bool at_line_start = place == Place::kLineStart;
  for (const std::int32_t id : ids) pieces_->append_text(id, at_line_start, out);
  return out;
}

std::int64_t Tokenizer::size() const { return pieces_->size(); }
const std::string& Tokenizer::piece(std::int32_t id) const { return pieces_->name(id); }
bool Tokenizer::is_special(std::int32_t id) const { return pieces_->is_special(id); }
spec::TokenizerKind Tokenizer::kind() const { return pieces_->kind(); }
const std::string& Tokenizer::bytes() const { return pieces_->bytes(); }
const std::string& Tokenizer::hash() const { return pieces_->hash(); }

}  // namespace qkv::text
