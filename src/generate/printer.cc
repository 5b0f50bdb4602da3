#include "generate/printer.h"

#include "base/error.h"
#include "base/format.h"
#include "base/utf8.h"

namespace qkv::generate {
namespace {

using Clock = std::chrono::steady_clock;
// Text is shown as it comes, but the reader is woken no more often than an eye can see.
constexpr auto kPause = std::chrono::milliseconds(20);

}  // namespace

std::string terminal_text(std::string_view text) {
  std::string out;
  for (std::size_t offset = 0; offset < text.size();) {
    const auto character = base::decode_utf8(text, offset);
    const std::size_t size = character ? character->size : 1;
    const char32_t code = character ? character->code : static_cast<unsigned char>(text[offset]);
    if (code == '\n' || code == '\t' || (character && !base::is_control(code))) {
      out += text.substr(offset, size);
    } else {
      out += base::escaped(code);
    }
    offset += size;
  }
  return out;
}

void Printer::print(const std::string& text) {
  out_ << (to_terminal_ ? terminal_text(text) : text);
  const auto now = Clock::now();
  if (early_ == 0 && now - shown_ < kPause) return;
  flush();
  shown_ = now;
  if (early_ > 0) --early_;
}

void Printer::finish() {
  out_ << '\n';
  flush();
}

void Printer::flush() {
  out_ << std::flush;
  if (!out_) throw base::Error("standard output: cannot write", base::Error::Fault::kRun);
}

}  // namespace qkv::generate
