#pragma once

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer/tokenizer.h"

namespace qkv::tests {

/// Trains on one text, passed on in blocks of `block` bytes (which must not cut characters).
inline text::Tokenizer learn(std::string_view text, spec::TokenizerKind kind,
                             std::int64_t vocabulary = 200, std::size_t block = 0,
                             std::int64_t sample_bytes = 67108864) {
  config::TokenizerConfig config;
  config.kind = kind;
  config.vocabulary = vocabulary;
  config.sample_bytes = sample_bytes;
  std::size_t offset = 0;
  return text::Tokenizer::train(config, [&] {
    const std::string_view next = text.substr(offset, block == 0 ? text.npos : block);
    offset += next.size();
    return next;
  });
}

/// Sentences of a few words with punctuation, in lines.
inline std::string sentences(unsigned seed, int count) {
  static const std::vector<std::string> words = {
      "the",   "cat",   "sat",  "on",    "a",      "mat",  "dogs", "that", "see",
      "stars", "never", "café", "naïve", "Москва", "日本", "3",    "x2"};
  std::mt19937 random(seed);
  std::string text;
  for (int line = 0; line < count; ++line) {
    const auto length = 2 + random() % 8;
    for (unsigned word = 0; word < length; ++word) {
      if (word > 0) text += random() % 9 == 0 ? ", " : " ";
      text += words[random() % words.size()];
    }
    text += random() % 2 == 0 ? ".\n" : "!\n";
  }
  return text;
}

inline void append_utf8(std::string& out, char32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6U));
    out += static_cast<char>(0x80 | (code & 0x3FU));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12U));
    out += static_cast<char>(0x80 | ((code >> 6U) & 0x3FU));
    out += static_cast<char>(0x80 | (code & 0x3FU));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18U));
    out += static_cast<char>(0x80 | ((code >> 12U) & 0x3FU));
    out += static_cast<char>(0x80 | ((code >> 6U) & 0x3FU));
    out += static_cast<char>(0x80 | (code & 0x3FU));
  }
}

/// Valid UTF-8 with everything that might confuse a tokenizer.
inline std::string hostile_text(std::mt19937& random) {
  static const std::vector<std::string> parts = {" ",
                                                 "  ",
                                                 "     ",
                                                 "\t",
                                                 "\n",
                                                 "\n\n",
                                                 "\r\n",
                                                 "\r",
                                                 "▁",
                                                 "▁▁the",
                                                 "▅",
                                                 " ▁",
                                                 "⁇",
                                                 " ⁇ ",
                                                 "<s>",
                                                 "</s>",
                                                 "<unk>",
                                                 "<mask>",
                                                 "<0x41>",
                                                 "<0xE2>",
                                                 "the",
                                                 " the",
                                                 "cat",
                                                 " cat",
                                                 "the cat",
                                                 "mat.",
                                                 "café",
                                                 "cafe\u0301",
                                                 "日本語",
                                                 "مرحبا",
                                                 "👩‍👩‍👧‍👦",
                                                 "🇫🇷",
                                                 "\uFFFD",
                                                 "\uFEFF",
                                                 "\uE000",
                                                 "\uFFFE",
                                                 "\uFFFF",
                                                 "\u00A0",
                                                 "\u3000",
                                                 "\u200B",
                                                 "\u2028",
                                                 "\v",
                                                 "\f",
                                                 "\x01",
                                                 "\x7F",
                                                 std::string(1, '\0'),
                                                 std::string(100, 'a'),
                                                 "\U0010FFFF",
                                                 "\U0001FFFE"};
  std::string text;
  const auto count = random() % 12;
  for (unsigned part = 0; part < count; ++part) {
    if (random() % 3 > 0) {
      text += parts[random() % parts.size()];
      continue;
    }
    char32_t code = random() % (random() % 2 == 0 ? 0x300 : 0x110000);
    if (code >= 0xD800 && code < 0xE000) code = ' ';
    append_utf8(text, code);
  }
  return text;
}

}  // namespace qkv::tests
