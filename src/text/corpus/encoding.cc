#include "text/corpus/encoding.h"

#include "text/tokenizer/encoder.h"

namespace qkv::text {
namespace {

/// Encodes a text block by block. An incomplete segment at a block's end waits for the next block.
class Layout {
 public:
  Layout(const Tokenizer& tokenizer, TokenWriter& writer) : encoder_(tokenizer), writer_(writer) {}
  virtual ~Layout() = default;

  void add(std::string_view block) {
    pending_ += block;
    pending_.erase(0, use(pending_, false));
  }
  void end_file() {
    use(pending_, true);
    pending_.clear();
  }

 protected:
  /// Writes the certain part of `text`, or all of it if `last`, and returns its length.
  virtual std::size_t use(std::string_view text, bool last) = 0;

  std::size_t encode(std::string_view text, bool at_line_start, bool last) {
    return encoder_.encode(text, at_line_start, last,
                           [this](std::int32_t id, std::uint32_t) { writer_.add(id); });
  }
  TokenWriter& writer() { return writer_; }

 private:
  Encoder encoder_;
  TokenWriter& writer_;
  std::string pending_;
};

class Stream : public Layout {
  using Layout::Layout;

  std::size_t use(std::string_view text, bool last) override {
    const std::size_t size = encode(text, at_line_start_, last);
    if (size > 0) at_line_start_ = text[size - 1] == '\n';
    return size;
  }

  bool at_line_start_ = true;
};

class Lines : public Layout {
  using Layout::Layout;

  std::size_t use(std::string_view text, bool last) override {
    std::size_t begin = 0;
    for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n', begin)) {
      std::string_view line = text.substr(begin, end - begin);
      if (line.ends_with('\r')) line.remove_suffix(1);
      end_line(line);
      begin = end + 1;
    }
    const std::string_view rest = text.substr(begin);
    if (last) {
      end_line(rest);
      return text.size();
    }
    if (rest.size() < Segmenter::kReach) return begin;
    // A line that is longer than a block: its text need not be in memory at once.
    begin_document();
    const std::size_t size = encode(rest, !inside_, false);
    inside_ |= size > 0;
    return begin + size;
  }

  void begin_document() {
    if (open_) return;
    writer().begin_document();
    writer().add(Tokenizer::kBegin);
    open_ = true;
  }

  void end_line(std::string_view line) {
    if (line.empty() && !open_) return;
    begin_document();
    encode(line, !inside_, true);
    writer().add(Tokenizer::kEnd);
    open_ = inside_ = false;
  }

  bool open_ = false;    ///< a document has begun
  bool inside_ = false;  ///< and some of its text has been written
};

}  // namespace

void encode_source(const Source& source, const Tokenizer& tokenizer, spec::TextLayout layout,
                   TokenWriter& writer) {
  Stream stream(tokenizer, writer);
  Lines lines(tokenizer, writer);
  Layout& chosen = layout == spec::TextLayout::kLines ? static_cast<Layout&>(lines) : stream;
  read_blocks(source, "encoding", [&](std::string_view block) {
    if (block.empty()) {
      chosen.end_file();
    } else {
      chosen.add(block);
    }
  });
  writer.finish(source.bytes);
}

}  // namespace qkv::text
