// The tokenizer: it is trained on a tiny text, and every text can be decoded from its ids.

#include <fuzzer/FuzzedDataProvider.h>

#include <string>

#include "base/utf8.h"
#include "fuzz/support/answer.h"
#include "text/tokenizer/tokenizer.h"

namespace qkv::fuzz {
namespace {

void comes_back(const text::Tokenizer& tokenizer, const std::string& text) {
  for (const auto place : {text::Tokenizer::Place::kLineStart, text::Tokenizer::Place::kInLine}) {
    const std::vector<std::int32_t> ids = tokenizer.encode(text, place);
    require(tokenizer.decode(ids, place) == text, "a text comes back from its ids");
    std::size_t end = 0;
    for (const text::Token& token : tokenizer.encode_with_offsets(text, place)) {
      require(token.begin == end && token.end >= end, "tokens touch");
      require(!tokenizer.is_special(token.id), "no text gives a special id");
      end = token.end;
    }
    require(end == text.size(), "tokens cover the text");
  }
}

/// Any ids decode to whole characters, also one by one.
void decodes(const text::Tokenizer& tokenizer, FuzzedDataProvider& input) {
  text::Decoder decoder(tokenizer);
  std::string streamed;
  for (int left = input.ConsumeIntegralInRange(0, 20); left > 0; --left) {
    streamed +=
        decoder.add(input.ConsumeIntegralInRange(0, static_cast<int>(tokenizer.size()) - 1));
    require(!base::find_invalid_utf8(streamed), "streamed text is valid UTF-8");
  }
  streamed += decoder.finish();
  require(!base::find_invalid_utf8(streamed), "streamed text is valid UTF-8");
}

text::Tokenizer learn(const std::string& text, const config::TokenizerConfig& config,
                      std::size_t block) {
  std::size_t offset = 0;
  return text::Tokenizer::train(config, [&]() -> std::string_view {
    std::size_t end = std::min(text.size(), offset + block);
    while (end < text.size() && base::continues_character(text[end])) ++end;
    const std::string_view next = std::string_view(text).substr(offset, end - offset);
    offset = end;
    return next;
  });
}

void learn_and_use(FuzzedDataProvider& input) {
  config::TokenizerConfig config;
  config.kind = input.PickValueInArray(spec::all<spec::TokenizerKind>());
  // SentencePiece's unigram trainer ends the process if few pieces are requested.
  config.vocabulary =
      input.ConsumeIntegralInRange(config.kind == spec::TokenizerKind::kUnigram ? 64 : 1, 300);
  config.sample_bytes = input.ConsumeIntegralInRange(1, 5000);
  const std::size_t block = input.ConsumeIntegralInRange<std::size_t>(1, 1000);
  const std::string learned = input.ConsumeRandomLengthString(500);
  answers([&] {
    const text::Tokenizer tokenizer = learn(learned, config, block);
    decodes(tokenizer, input);
    const std::string text = input.ConsumeRemainingBytesAsString();
    comes_back(tokenizer, learned);
    comes_back(tokenizer, base::replace_invalid_utf8(text));
    answers([&] { comes_back(tokenizer, text); });
    const text::Tokenizer again =
        text::Tokenizer::from_bytes(tokenizer.bytes(), config.kind, "again");
    require(again.encode(learned) == tokenizer.encode(learned), "a tokenizer reads back as it was");
  });
}

}  // namespace
}  // namespace qkv::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  qkv::fuzz::learn_and_use(input);
  return 0;
}
