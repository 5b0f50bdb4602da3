#include "text/source.h"

#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/progress.h"
#include "text/prompt.h"

namespace qkv {
namespace {

void append(Source& source, const TextFile& file, const TextRange& range) {
  source.ranges.push_back(range);
  source.fingerprint += concat(file.fingerprint(), '\n', range.begin, '-', range.end, '\n');
  source.changed_just_now |= file.changed_just_now();
  source.bytes += range.size();
}

bool is_hash(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

Source whole_files(const std::vector<std::filesystem::path>& files) {
  Source source;
  for (const auto& path : files) {
    const TextFile file(path);
    append(source, file, {path, 0, file.size()});
  }
  return source;
}

SplitSource split_files(const std::vector<std::filesystem::path>& files, double fraction,
                        const std::string& layout) {
  SplitSource split;
  for (const auto& path : files) {
    const TextFile file(path);
    auto cut = file.size();
    if (fraction > 0)
      cut =
          static_cast<std::uint64_t>(std::floor(static_cast<double>(file.size()) * (1 - fraction)));
    if (cut < file.size())
      cut = layout == "lines" ? file.line_begin(cut) : file.character_begin(cut);
    append(split.train, file, {path, 0, cut});
    append(split.validation, file, {path, cut, file.size()});
  }
  return split;
}

void require_no_overlap(const Source& train, const Source& validation) {
  for (const TextRange& one : train.ranges) {
    for (const TextRange& other : validation.ranges) {
      if (TextFile(one.path).same_file(TextFile(other.path))) {
        throw Error(
            concat("data.validation: found ", other.path.string(), ", which is in data.train too"));
      }
    }
  }
}

void require_unchanged(const Source& source) {
  Source now;
  for (const TextRange& range : source.ranges) append(now, TextFile(range.path), range);
  if (now.fingerprint != source.fingerprint) {
    throw Error(concat(source.ranges.front().path.string(),
                       source.ranges.size() > 1 ? " or a file after it" : "",
                       ": was changed while it was read"),
                Error::Fault::kRun);
  }
}

void read_blocks(const Source& source, const std::string& doing,
                 const std::function<void(std::string_view)>& use) {
  Progress progress(doing, "bytes", source.bytes);
  std::uint64_t done = 0;
  for (const TextRange& range : source.ranges) {
    TextReader reader(range);
    for (auto block = reader.next(); !block.empty(); block = reader.next()) {
      use(block);
      progress.update(done += block.size());
    }
    use({});
  }
  require_unchanged(source);
}

std::string text_hash(const Source& source, CorpusCache& cache,
                      std::set<std::filesystem::path>& with_nul) {
  const std::string name = concat("text-", sha256(source.fingerprint));
  if (const auto entry = cache.find(name)) {
    std::string known = read_file(*entry);
    if (is_hash(known)) return known;
  }
  Sha256 digest;
  auto range = source.ranges.begin();
  std::uint64_t offset = source.ranges.empty() ? 0 : range->begin;
  bool has_nul = false;
  read_blocks(source, "reading", [&](std::string_view block) {
    digest.update(block);
    const bool found = block.find('\0') != std::string_view::npos;
    has_nul |= found;
    if (found && with_nul.insert(range->path).second)
      warn_of_nul(block, range->path.string(), offset);
    offset += block.size();
    if (block.empty() && ++range != source.ranges.end()) offset = range->begin;
  });
  std::string hash = digest.hex();
  if (!source.changed_just_now && !has_nul) write_file(cache.place(name), hash);
  return hash;
}

}  // namespace qkv
