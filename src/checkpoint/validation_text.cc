#include "checkpoint/validation_text.h"

#include <cmath>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "base/utf8.h"
#include "text/corpus/corpus.h"

namespace qkv::checkpoint {
namespace fs = std::filesystem;
namespace {

/// The files, with paths relative to the working directory.
std::string names_of(const std::vector<fs::path>& files) {
  std::string names =
      base::replace_invalid_utf8(files.front().lexically_proximate(fs::current_path()).string());
  if (files.size() > 1) names += base::concat(" and ", files.size() - 1, " more");
  return names;
}

std::string validation_name(const config::DataConfig& data) {
  if (!data.validation.empty()) return names_of(data.validation);
  return base::concat(std::round(data.validation_fraction * 1000) / 10, "% of ",
                      names_of(data.train));
}

}  // namespace

ValidationText validation_text(const Checkpoint& checkpoint, const std::string& otherwise) {
  const config::DataConfig& data = checkpoint.config.data;
  for (const fs::path& file : data.files()) {
    if (std::error_code ignored; !fs::exists(file, ignored)) {
      throw base::Error(base::concat(checkpoint.path.string(), ": found no ", file.string(),
                                     ", the text of its run, expected it there or ", otherwise));
    }
  }
  text::Corpus corpus =
      text::open_corpus(checkpoint.config, text::Tokenizer::from_bytes(checkpoint.tokenizer.bytes(),
                                                                       checkpoint.tokenizer.kind(),
                                                                       "tokenizer.model"));
  if (!corpus.validation) {
    throw base::Error(base::concat(checkpoint.path.string(),
                                   ": found no validation data in its run, expected ", otherwise));
  }
  ValidationText text{.tokens = std::move(*corpus.validation),
                      .name = validation_name(data),
                      .sha256 = std::move(corpus.validation_hash)};
  const std::string& expected = checkpoint.state.validation_hash;
  if (!expected.empty() && text.sha256 != expected) {
    base::log::warning(base::concat(text.name, ": the validation text has changed since ",
                                    checkpoint.path.string(), " was trained"));
  }
  return text;
}

}  // namespace qkv::checkpoint
