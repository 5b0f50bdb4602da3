#include "text/corpus/source.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/log.h"
#include "base/progress.h"
#include "text/corpus/cache.h"
#include "text/prompt.h"

namespace qkv::text {
namespace {

void append(Source& source, const TextFile& file, const TextRange& range) {
  source.ranges.push_back(range);
  source.fingerprint += base::concat(file.fingerprint(), '\n', range.begin, '-', range.end, '\n');
  source.changed_just_now |= file.changed_just_now();
  source.bytes += range.size();
}

/// How many bytes of `all` training should have.
std::uint64_t wanted(std::uint64_t all, double fraction) {
  return static_cast<std::uint64_t>(std::floor(static_cast<double>(all) * (1 - fraction)));
}

/// Where to cut a file so that training, which has `train` bytes of other files, has about `wanted`
/// bytes.
std::uint64_t cut_of(const TextFile& file, std::uint64_t wanted, std::uint64_t train, bool lines) {
  const std::uint64_t cut = std::min(wanted - std::min(wanted, train), file.size());
  if (cut == file.size()) return cut;
  if (!lines) return file.character_begin(cut);
  const std::uint64_t begin = file.line_begin(cut);
  const std::uint64_t end = file.line_end(cut);
  return cut - begin <= end - cut ? begin : end;
}

/// The first line of the text, unless it is the only one.
void give_line_to_training(const std::vector<std::filesystem::path>& files, std::uint64_t all,
                           std::vector<std::uint64_t>& cuts) {
  for (std::size_t index = 0; index < files.size(); ++index) {
    const std::uint64_t end = TextFile(files[index]).line_end(0);
    if (end == 0) continue;
    if (end < all) cuts[index] = end;
    return;
  }
}

/// The last line of the text, unless it is the only one.
void give_line_to_validation(const std::vector<std::filesystem::path>& files, std::uint64_t all,
                             std::vector<std::uint64_t>& cuts) {
  for (std::size_t index = files.size(); index-- > 0;) {
    const TextFile file(files[index]);
    if (file.size() == 0) continue;
    const std::uint64_t begin = file.line_begin(file.size() - 1);
    if (file.size() - begin < all) cuts[index] = begin;
    return;
  }
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
                        spec::TextLayout layout) {
  const bool lines = layout == spec::TextLayout::kLines;
  std::vector<std::uint64_t> cuts;
  std::uint64_t all = 0;
  std::uint64_t train = 0;
  for (const auto& path : files) {
    const TextFile file(path);
    all += file.size();
    cuts.push_back(fraction > 0 ? cut_of(file, wanted(all, fraction), train, lines) : file.size());
    train += cuts.back();
  }
  if (fraction > 0 && lines && train == 0) give_line_to_training(files, all, cuts);
  if (fraction > 0 && lines && train == all) give_line_to_validation(files, all, cuts);

  SplitSource split;
  for (std::size_t index = 0; index < files.size(); ++index) {
    const TextFile file(files[index]);
    const std::uint64_t cut = std::min(cuts[index], file.size());
    append(split.train, file, {files[index], 0, cut});
    append(split.validation, file, {files[index], cut, file.size()});
  }
  return split;
}

void require_no_overlap(const Source& train, const Source& validation) {
  for (const TextRange& one : train.ranges) {
    for (const TextRange& other : validation.ranges) {
      if (TextFile(one.path).same_file(TextFile(other.path))) {
        throw base::Error(base::concat("data.validation: found ", other.path.string(),
                                       ", which is in data.train too"));
      }
    }
  }
}

void require_unchanged(const Source& source) {
  Source now;
  for (const TextRange& range : source.ranges) append(now, TextFile(range.path), range);
  if (now.fingerprint != source.fingerprint) {
    throw base::Error(base::concat(source.ranges.front().path.string(),
                                   source.ranges.size() > 1 ? " or a file after it" : "",
                                   ": was changed while it was read"),
                      base::Error::Fault::kRun);
  }
}

void read_blocks(const Source& source, const std::string& doing,
                 const std::function<void(std::string_view)>& use) {
  base::Progress progress(doing, "bytes", source.bytes);
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
  const std::string name = base::concat("text-", base::sha256("3\n" + source.fingerprint));
  if (auto known = cache.read(name)) return *std::move(known);
  base::Sha256 digest;
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
  if (!source.changed_just_now && !has_nul) cache.keep(name, hash);
  return hash;
}

}  // namespace qkv::text
