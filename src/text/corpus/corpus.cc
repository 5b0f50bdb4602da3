#include "text/corpus/corpus.h"

#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/log.h"
#include "text/corpus/cache.h"
#include "text/corpus/encoding.h"
#include "text/corpus/source.h"
#include "text/corpus/token_check.h"
#include "text/corpus/token_format.h"
#include "text/corpus/token_writer.h"
#include "text/tokenizer/learning.h"

namespace qkv::text {
namespace {

namespace fs = std::filesystem;

// Part of each key: increase it when the rules of segments or the trainer's options change.
constexpr int kRules = 2;

std::string learn_from(const Source& source, const config::TokenizerConfig& config,
                       Newlines newlines) {
  std::size_t index = 0;
  std::optional<TextReader> reader;
  const auto next_block = [&]() -> std::string_view {
    while (index < source.ranges.size()) {
      if (!reader) reader.emplace(source.ranges[index]);
      if (const auto block = reader->next(); !block.empty()) return block;
      reader.reset();
      ++index;
    }
    return {};
  };
  base::log::info(base::concat("learning ", config.kind, " pieces from ",
                               base::human_bytes(static_cast<double>(source.bytes))));
  std::string model = learn_pieces(config, next_block, newlines);
  require_unchanged(source);
  return model;
}

/// The tokenizer trained on the training text.
Tokenizer learned_tokenizer(const Source& train, const std::string& train_hash,
                            const config::Config& config, CorpusCache& cache) {
  const config::TokenizerConfig& wanted = config.tokenizer;
  const Newlines newlines =
      config.data.layout == spec::TextLayout::kLines ? Newlines::kSkipped : Newlines::kLearned;
  const std::string name =
      "tokenizer-" +
      base::sha256(base::concat(kRules, ' ', train_hash, ' ', wanted.kind, ' ', wanted.vocabulary,
                                ' ', wanted.sample_bytes, ' ', newlines == Newlines::kSkipped));
  if (auto bytes = cache.read(name))
    return Tokenizer::from_bytes(*std::move(bytes), wanted.kind, "cached tokenizer");
  Tokenizer tokenizer =
      Tokenizer::from_bytes(learn_from(train, wanted, newlines), wanted.kind, "learned tokenizer");
  cache.keep(name, tokenizer.bytes());
  return tokenizer;
}

TokenFile cached_tokens(const Source& source, const std::string& hash, const Tokenizer& tokenizer,
                        spec::TextLayout layout, CorpusCache& cache) {
  // The boundaries of files matter to segments and lines.
  std::string sizes;
  for (const TextRange& range : source.ranges) sizes += base::concat(range.size(), ' ');
  const std::string name =
      "tokens-" +
      base::sha256(base::concat(kRules, ' ', TokenHeader::kVersion, ' ', hash, ' ', sizes,
                                tokenizer.hash(), ' ', tokenizer.kind(), ' ', layout));
  if (const auto entry = cache.find(name)) {
    try {
      TokenFile tokens(*entry);
      if (tokens.maximum_id() < tokenizer.size() && tokens.text_bytes() == source.bytes) {
        check_once(tokens, cache);
        return tokens;
      }
      base::log::warning(
          base::concat(entry->string(), ": does not fit its text, so it is made again"));
    } catch (const base::Error& error) {
      base::log::warning(base::concat(error.what(), "; it is made again"));
    }
  }
  if (const auto path = cache.place(name)) {
    try {
      TokenWriter writer(*path, tokenizer.size());
      encode_source(source, tokenizer, layout, writer);
      return TokenFile(*path);
    } catch (const base::Error& error) {
      require_unchanged(source);  // else it is the text's fault
      cache.give_up(error.what());
    }
  }
  const base::TemporaryFile file;
  TokenWriter writer(file, tokenizer.size());
  encode_source(source, tokenizer, layout, writer);
  return TokenFile(file.path());
}

std::string names_of(const Source& source) {
  std::string names = source.ranges.front().path.string();
  if (source.ranges.size() > 1) names += base::concat(" and ", source.ranges.size() - 1, " more");
  return names;
}

void require_text(const Source& source, const TokenFile& tokens, const std::string& key) {
  if (tokens.size() == 0)
    throw base::Error(base::concat(key, ": found no text in ", names_of(source)));
}

}  // namespace

Corpus open_corpus(const config::Config& config, std::optional<Tokenizer> given) {
  const config::DataConfig& data = config.data;
  if (data.train.empty()) throw base::Error("data.train: found no file, expected at least one");
  if (!(data.validation_fraction >= 0 && data.validation_fraction < 1)) {
    throw base::Error(base::concat("data.validation_fraction: found ", data.validation_fraction,
                                   ", expected 0 to below 1"));
  }
  CorpusCache cache;
  SplitSource source =
      split_files(data.train, data.validation.empty() ? data.validation_fraction : 0, data.layout);
  if (!data.validation.empty()) {
    source.validation = whole_files(data.validation);
    require_no_overlap(source.train, source.validation);
  }
  if (source.train.bytes == 0) {
    throw base::Error(base::concat(
        "data.train: found no text in ", names_of(source.train),
        source.validation.bytes > 0 ? " before the part that is held out for validation" : ""));
  }
  if (data.validation.empty() && data.validation_fraction > 0 && source.validation.bytes == 0) {
    base::log::warning(base::concat("no validation: found one line in ", names_of(source.train),
                                    ", expected two or more to hold some out"));
  }
  std::set<fs::path> with_nul;
  std::string train_hash = text_hash(source.train, cache, with_nul);
  std::string validation_hash =
      source.validation.bytes > 0 ? text_hash(source.validation, cache, with_nul) : "";

  if (!given) {
    given = config.tokenizer.path ? Tokenizer::load(*config.tokenizer.path, config.tokenizer.kind)
                                  : learned_tokenizer(source.train, train_hash, config, cache);
  }
  TokenFile train = cached_tokens(source.train, train_hash, *given, data.layout, cache);
  require_text(source.train, train, "data.train");
  const std::int64_t context = config::fitting_context(config, train.size());
  if (data.layout == spec::TextLayout::kStream &&
      train.size() <= static_cast<std::uint64_t>(context)) {
    const std::string expected = config.defaults.has("model.context")
                                     ? "at least 2"
                                     : base::concat("more than model.context, which is ", context);
    throw base::Error(base::concat("data.train: found ", train.size(), " tokens in ",
                                   names_of(source.train), ", expected ", expected));
  }
  std::optional<TokenFile> validation;
  if (source.validation.bytes > 0) {
    validation = cached_tokens(source.validation, validation_hash, *given, data.layout, cache);
  }
  if (!data.validation.empty()) {
    if (!validation)
      throw base::Error(
          base::concat("data.validation: found no text in ", names_of(source.validation)));
    require_text(source.validation, *validation, "data.validation");
  }
  if (validation && validation->size() < 2) {
    base::log::warning("no validation: the part that is held out holds no token to predict");
    validation.reset();
    validation_hash.clear();
  }
  return {std::move(*given),     std::move(train),           std::move(validation),
          std::move(train_hash), std::move(validation_hash), context};
}

TokenFile open_tokens(const std::vector<fs::path>& files, const Tokenizer& tokenizer,
                      spec::TextLayout layout) {
  CorpusCache cache;
  const Source source = whole_files(files);
  if (source.bytes == 0) {
    throw base::Error(base::concat(files.empty() ? "data" : files.front().string(),
                                   ": found no text, expected at least one character"));
  }
  std::set<fs::path> with_nul;
  TokenFile tokens =
      cached_tokens(source, text_hash(source, cache, with_nul), tokenizer, layout, cache);
  require_text(source, tokens, "data");
  return tokens;
}

}  // namespace qkv::text
