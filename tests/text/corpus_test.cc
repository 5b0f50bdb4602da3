#include "text/corpus/corpus.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <utime.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "samples.h"
#include "scratch.h"
#include "text/corpus/cache.h"
#include "text/corpus/source.h"
#include "text/corpus/token_check.h"
#include "text/corpus/token_writer.h"

namespace qkv::text {
namespace {

using spec::TextLayout;
using spec::TokenizerKind;

namespace fs = std::filesystem;

class CorpusTest : public ::testing::Test {
 protected:
  CorpusTest() { ::setenv("QKV_CACHE", (scratch_ / "cache").c_str(), 1); }

  fs::path write(const std::string& name, std::string_view text) const {
    base::write_file(scratch_ / name, text);
    return scratch_ / name;
  }

  config::Config config(std::vector<fs::path> train,
                        TokenizerKind kind = TokenizerKind::kChar) const {
    config::Config config;
    config.data.train = std::move(train);
    config.data.validation_fraction = 0;
    config.tokenizer.kind = kind;
    config.model.context = 4;
    return config;
  }

  std::size_t entries(const std::string& prefix) const {
    std::size_t count = 0;
    if (!fs::exists(scratch_ / "cache")) return 0;
    for (const auto& entry : fs::directory_iterator(scratch_ / "cache")) {
      count += entry.path().filename().string().rfind(prefix, 0) == 0;
    }
    return count;
  }

  std::vector<fs::path> find(const std::string& prefix) const {
    std::vector<fs::path> out;
    for (const auto& entry : fs::directory_iterator(scratch_ / "cache")) {
      if (entry.path().filename().string().rfind(prefix, 0) == 0) out.push_back(entry.path());
    }
    return out;
  }

  const tests::Scratch scratch_;
};

std::string text_of(const Tokenizer& tokenizer, const TokenFile& tokens) {
  std::vector<std::int32_t> ids;
  for (std::uint64_t index = 0; index < tokens.size(); ++index) ids.push_back(tokens[index]);
  return tokenizer.decode(ids);
}

std::vector<std::string> documents_of(const Tokenizer& tokenizer, const TokenFile& tokens) {
  std::vector<std::string> out;
  for (std::uint64_t document = 0; document < tokens.documents(); ++document) {
    std::vector<std::int32_t> ids;
    for (auto at = tokens.document_begin(document); at < tokens.document_begin(document + 1); ++at)
      ids.push_back(tokens[at]);
    EXPECT_EQ(ids.front(), Tokenizer::kBegin);
    EXPECT_EQ(ids.back(), Tokenizer::kEnd);
    out.push_back(tokenizer.decode(ids));
  }
  return out;
}

std::string message_of(const config::Config& config) {
  try {
    open_corpus(config);
  } catch (const base::Error& error) {
    return error.what();
  }
  return "no error";
}

TEST_F(CorpusTest, StreamIsTheFilesOneAfterTheOther) {
  const std::string one = tests::sentences(1, 5000) + "the end of a ";
  const std::string two = " file\n" + tests::sentences(2, 100);
  for (const TokenizerKind kind : spec::all<TokenizerKind>()) {
    const Corpus corpus = open_corpus(config({write("one", one), write("two", two)}, kind));
    EXPECT_EQ(text_of(corpus.tokenizer, corpus.train), one + two) << kind;
    EXPECT_EQ(corpus.train.text_bytes(), one.size() + two.size());
    EXPECT_EQ(corpus.train_hash, base::sha256(one + two));
    EXPECT_EQ(corpus.train.documents(), 0U);
    EXPECT_FALSE(corpus.validation);
  }
}

TEST_F(CorpusTest, WarnsOfNulBytesOncePerFile) {
  std::string utf16 = "one line\n";
  for (const char byte : tests::sentences(1, 30)) utf16 += {byte, '\0'};
  std::erase_if(utf16, [](char byte) { return static_cast<unsigned char>(byte) >= 0x80; });
  const fs::path plain = write("plain", tests::sentences(2, 50));
  config::Config both = config({plain, write("wide", utf16)});
  both.data.validation_fraction = 0.5;
  ::usleep(2'100'000);                    // otherwise, no hash is kept
  for (int time = 0; time < 2; ++time) {  // the cache hides no warning
    ::testing::internal::CaptureStderr();
    open_corpus(both);
    const std::string told = ::testing::internal::GetCapturedStderr();
    const std::string warning = (scratch_ / "wide").string() + ": found a NUL byte at byte 10";
    EXPECT_NE(told.find(warning), std::string::npos) << told;
    EXPECT_EQ(told.find("NUL"), told.rfind("NUL")) << told;
  }
}

TEST_F(CorpusTest, BlocksDoNotShowInTheIds) {
  // Several blocks of reading, with characters of all lengths across their borders, and without
  // line ends.
  std::string text;
  std::mt19937 random(3);
  while (text.size() < 3500000) text += random() % 2 == 0 ? "naïve 日本 " : "a👩bb ";
  for (const auto kind : {TokenizerKind::kWord, TokenizerKind::kChar}) {
    const Corpus corpus = open_corpus(config({write("long", text)}, kind));
    const auto expected = corpus.tokenizer.encode(text);
    ASSERT_EQ(corpus.train.size(), expected.size());
    for (std::size_t index = 0; index < expected.size(); ++index)
      ASSERT_EQ(corpus.train[index], expected[index]);
    config::Config lines = config({scratch_ / "long"}, kind);
    lines.data.layout = TextLayout::kLines;
    const Corpus one_line = open_corpus(lines);
    ASSERT_EQ(one_line.train.documents(), 1U);
    EXPECT_EQ(documents_of(one_line.tokenizer, one_line.train).front(), text);
  }
}

TEST_F(CorpusTest, LinesAreDocuments) {
  config::Config lines =
      config({write("one", "the cat\r\n\n\r\n  sat \nlast"), write("two", "first\n\r\r\n")},
             TokenizerKind::kWord);
  lines.data.layout = TextLayout::kLines;
  const Corpus corpus = open_corpus(lines);
  EXPECT_EQ(documents_of(corpus.tokenizer, corpus.train),
            (std::vector<std::string>{"the cat", "  sat ", "last", "first", "\r"}));
  EXPECT_EQ(corpus.train.text_bytes(), 23U + 9U);
  for (std::int32_t id = 260; id < corpus.tokenizer.size(); ++id)
    EXPECT_NE(corpus.tokenizer.piece(id), "\n");
}

TEST_F(CorpusTest, ValidationIsTheEndOfEachFile) {
  const std::string one = "0123456789abcdefghij";
  const std::string two =
      "日本語日本語";  // 18 bytes: floor(18 · 0.7) = 12, a character's beginning
  const std::string three = "日本語日本";  // 15 bytes: floor(10.5) = 10, moved back to 9
  config::Config split = config({write("one", one), write("two", two), write("three", three)});
  split.data.validation_fraction = 0.3;
  const Corpus corpus = open_corpus(split);
  EXPECT_EQ(text_of(corpus.tokenizer, corpus.train), "0123456789abcd日本語日日本語");
  ASSERT_TRUE(corpus.validation);
  EXPECT_EQ(text_of(corpus.tokenizer, *corpus.validation), "efghij本語日本");
  EXPECT_EQ(corpus.validation_hash, base::sha256("efghij本語日本"));
  // Characters that are only in the validation part were not learned.
  EXPECT_EQ(corpus.tokenizer.size(), 260 + 14 + 3);

  config::Config lines = config({write("lines", "aaaa\nbbbb\ncccc\ndddd\n")});
  lines.data.layout = TextLayout::kLines;
  lines.data.validation_fraction = 0.4;  // byte 12 is inside cccc
  const Corpus documents = open_corpus(lines);
  EXPECT_EQ(documents_of(documents.tokenizer, documents.train),
            (std::vector<std::string>{"aaaa", "bbbb"}));
  EXPECT_EQ(documents_of(documents.tokenizer, *documents.validation),
            (std::vector<std::string>{"cccc", "dddd"}));
}

/// The bytes of each part of a text in these files, with this fraction held out.
struct Sizes {
  double train;
  double validation;
  double share() const { return validation / (train + validation); }
};
Sizes sizes_of(const config::Config& config) {
  const SplitSource split =
      split_files(config.data.train, config.data.validation_fraction, config.data.layout);
  return {static_cast<double>(split.train.bytes), static_cast<double>(split.validation.bytes)};
}

TEST_F(CorpusTest, CutsTheFractionOfAllFilesTogether) {
  for (const TextLayout layout : spec::all<TextLayout>()) {
    for (const int lines : {1, 2, 3, 7}) {
      std::vector<fs::path> files;
      std::string all;
      std::size_t longest = 0;
      std::mt19937 random(static_cast<unsigned>(lines));
      for (int file = 0; file < 60; ++file) {
        std::string text;
        for (int line = 0; line < lines; ++line) {
          const std::string sentence = std::string(5 + random() % 40, 'a') + "\n";
          longest = std::max(longest, sentence.size());
          text += sentence;
        }
        files.push_back(write(base::concat("file", file), text));
        all += text;
      }
      config::Config split = config(files, TokenizerKind::kChar);
      split.data.layout = layout;
      for (const double fraction : {0.01, 0.1, 0.37, 0.5, 0.9}) {
        SCOPED_TRACE(base::concat(layout, ' ', lines, ' ', fraction));
        split.data.validation_fraction = fraction;
        const Sizes sizes = sizes_of(split);
        EXPECT_EQ(sizes.train + sizes.validation, static_cast<double>(all.size()));
        // Cut between two lines, the nearest to the fraction or the next.
        EXPECT_NEAR(sizes.validation, fraction * static_cast<double>(all.size()),
                    static_cast<double>(longest));
      }
      split.data.validation_fraction = 0.1;
      const Corpus corpus = open_corpus(split);
      ASSERT_TRUE(corpus.validation);
      if (layout == TextLayout::kLines) {  // whole ones, each in one part
        EXPECT_EQ(corpus.train.documents() + corpus.validation->documents(),
                  static_cast<std::uint64_t>(60 * lines));
      }
    }
  }
}

TEST_F(CorpusTest, CutsFilesOfUnlikeSizeWell) {
  const std::string giant = std::string(10000, 'g') + "\n";
  const std::string small = "aa\nbb\ncc\n";
  const auto share = [&](std::vector<std::string> texts, double fraction) {
    std::vector<fs::path> files;
    for (const std::string& text : texts)
      files.push_back(write(base::concat("f", files.size()), text));
    config::Config split = config(files);
    split.data.layout = TextLayout::kLines;
    split.data.validation_fraction = fraction;
    return sizes_of(split);
  };
  // The giant line goes where it does less harm, whatever its index.
  EXPECT_LT(share({giant, small, small}, 0.1).share(), 0.01);
  EXPECT_LT(share({small, giant, small}, 0.1).share(), 0.01);
  EXPECT_LT(share({small, small, giant}, 0.1).share(), 0.01);
  EXPECT_GT(share({giant, small, small}, 0.9).share(), 0.99);
  // No part is empty if there are two lines.
  for (const double fraction : {1e-9, 0.01, 0.5, 0.99, 1 - 1e-9}) {
    for (const auto& texts : std::vector<std::vector<std::string>>{{"aaaa\nb\n"},
                                                                   {"a\nbbbb"},
                                                                   {"aaaa", "b"},
                                                                   {"", "a\n", "", "bbb\n", ""},
                                                                   {small + giant}}) {
      const Sizes sizes = share(texts, fraction);
      EXPECT_GT(sizes.train, 0) << fraction;
      EXPECT_GT(sizes.validation, 0) << fraction;
    }
  }
  config::Config one = config({write("one", "a single line\n")});
  one.data.layout = TextLayout::kLines;
  one.data.validation_fraction = 0.1;
  EXPECT_FALSE(open_corpus(one).validation);
}

TEST_F(CorpusTest, CutsWhereNanoGptDoes) {
  const std::string text(1115394, 'a');
  config::Config split = config({write("text", text)});
  split.data.validation_fraction = 0.1;
  const Corpus corpus = open_corpus(split);
  EXPECT_EQ(corpus.train.size(), 1003854U);
  EXPECT_EQ(corpus.validation->size(), 111540U);
}

TEST_F(CorpusTest, ValidationFilesWinAndDoNotOverlap) {
  config::Config both = config({write("one", "training text")});
  both.data.validation = {write("two", "other")};
  both.data.validation_fraction = 0.5;
  const Corpus corpus = open_corpus(both);
  EXPECT_EQ(text_of(corpus.tokenizer, corpus.train), "training text");
  EXPECT_EQ(text_of(corpus.tokenizer, *corpus.validation), "other");
  fs::create_hard_link(scratch_ / "one", scratch_ / "same");
  both.data.validation = {scratch_ / "same"};
  EXPECT_NE(message_of(both).find("data.validation"), std::string::npos) << message_of(both);
}

TEST_F(CorpusTest, RefusesWhatIsNoCorpus) {
  EXPECT_NE(message_of(config({})).find("data.train"), std::string::npos);
  EXPECT_NE(message_of(config({write("empty", "")})).find("no text"), std::string::npos);
  EXPECT_NE(message_of(config({scratch_ / "absent"})).find("absent"), std::string::npos);
  EXPECT_NE(message_of(config({scratch_.path()})).find("folder"), std::string::npos);
  EXPECT_NE(message_of(config({write("short", "abcd")})).find("context"), std::string::npos);
  EXPECT_EQ(message_of(config({write("enough", "abcde")})), "no error");
  config::Config blank = config({write("blank", "\n\r\n\n\n\n\n")});
  blank.data.layout = TextLayout::kLines;
  EXPECT_NE(message_of(blank).find("no text"), std::string::npos);

  for (const std::size_t place : {std::size_t{0}, std::size_t{7}, std::size_t{1048575},
                                  std::size_t{1048576}, std::size_t{2000000}}) {
    std::string text(2000001, 'a');
    text[place] = '\xC3';  // followed by a letter, or by nothing
    const std::string message = message_of(config({write("good", "abc"), write("bad", text)}));
    EXPECT_NE(
        message.find(base::concat((scratch_ / "bad").string(), ": not UTF-8 at byte ", place, ":")),
        std::string::npos)
        << message;
  }
  ASSERT_EQ(::mkfifo((scratch_ / "pipe").c_str(), 0600), 0);
  EXPECT_NE(message_of(config({scratch_ / "pipe"})).find("regular file"), std::string::npos);
}

TEST_F(CorpusTest, CachesByContent) {
  const auto path = write("text", tests::sentences(1, 100));
  const Corpus first = open_corpus(config({path}, TokenizerKind::kWord));
  EXPECT_EQ(entries("tokens-"), 1U);
  EXPECT_EQ(entries("tokenizer-"), 1U);
  EXPECT_EQ(entries("text-"), 0U);  // changed just now: its modification time is not enough

  const auto written = fs::last_write_time(find("tokens-").front());
  fs::copy_file(path, scratch_ / "copy");
  const Corpus again = open_corpus(config({scratch_ / "copy"}, TokenizerKind::kWord));
  EXPECT_EQ(again.tokenizer.hash(), first.tokenizer.hash());
  EXPECT_EQ(entries("tokens-"), 1U);
  EXPECT_EQ(fs::last_write_time(find("tokens-").front()), written);

  write("text", tests::sentences(2, 100));
  const Corpus changed = open_corpus(config({path}, TokenizerKind::kWord));
  EXPECT_NE(changed.train_hash, first.train_hash);
  EXPECT_EQ(entries("tokens-"), 2U);
  config::Config lines = config({path}, TokenizerKind::kWord);
  lines.data.layout = TextLayout::kLines;
  EXPECT_GT(open_corpus(lines).train.documents(), 0U);
}

TEST_F(CorpusTest, TrustsSizeAndTimeOfChange) {
  const auto path = write("text", tests::sentences(1, 100));
  // The fingerprint includes the inode's change time, which nobody can set: wait until it is old
  // enough.
  ::usleep(2'100'000);
  const Corpus first = open_corpus(config({path}, TokenizerKind::kWord));
  ASSERT_EQ(entries("text-"), 1U);
  // A wrong hash in the entry is now believed, which shows that the text is not read again.
  const std::string whole = base::read_file(find("text-").front());
  const std::string wrong(64, 'a');
  base::write_file(find("text-").front(), base::sha256(wrong) + wrong);
  EXPECT_EQ(open_corpus(config({path}, TokenizerKind::kWord)).train_hash, wrong);
  std::string changed = whole;
  changed[5] = changed[5] == '1' ? '2' : '1';
  for (const std::string& damaged :
       {std::string("nonsense"), std::string(), changed, whole.substr(0, 64), whole + "0"}) {
    base::write_file(find("text-").front(), damaged);
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(open_corpus(config({path}, TokenizerKind::kWord)).train_hash, first.train_hash);
    const std::string said = ::testing::internal::GetCapturedStderr();
    EXPECT_NE(said.find(find("text-").front().string()), std::string::npos) << said;
    EXPECT_EQ(base::read_file(find("text-").front()), whole);
  }
  std::string other = tests::sentences(1, 100);
  other[5] = other[5] == 'x' ? 'y' : 'x';
  base::write_file(path, other);
  EXPECT_EQ(open_corpus(config({path}, TokenizerKind::kWord)).train_hash, base::sha256(other));
}

TEST_F(CorpusTest, MakesDamagedEntriesAgain) {
  const std::string text = tests::sentences(1, 100);
  const auto path = write("text", text);
  const Corpus first = open_corpus(config({path}, TokenizerKind::kWord));
  for (const std::string entry : {"tokens-", "tokenizer-"}) {
    const std::string whole = base::read_file(find(entry).front());
    std::string changed = whole;
    changed[100] ^= 1;  // a valid id
    std::string negative = whole;
    negative.replace(100, 2, "\xFF\xFF");
    for (const std::string& damaged :
         {whole.substr(0, whole.size() / 2), whole + "x", std::string(), changed, negative}) {
      base::write_file(find(entry).front(), damaged);
      ::testing::internal::CaptureStderr();
      const Corpus again = open_corpus(config({path}, TokenizerKind::kWord));
      const std::string said = ::testing::internal::GetCapturedStderr();
      EXPECT_NE(said.find(find(entry).front().string()), std::string::npos) << said;
      EXPECT_NE(said.find("made again"), std::string::npos) << said;
      EXPECT_EQ(base::read_file(find(entry).front()), whole);
      EXPECT_EQ(again.tokenizer.hash(), first.tokenizer.hash());
      EXPECT_EQ(text_of(again.tokenizer, again.train), text);
    }
  }
}

TEST_F(CorpusTest, AnEntryThatIsGoneIsNoError) {
  CorpusCache cache;
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(cache.read("text-gone"), std::nullopt);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");  // as where none was ever made
  cache.keep("text-kept", std::string("a\0b", 3));
  EXPECT_EQ(cache.read("text-kept"), std::string("a\0b", 3));
}

TEST_F(CorpusTest, MakesEntriesAgainThatCannotBeRead) {
  const auto path = write("text", tests::sentences(1, 100));
  ::usleep(2'100'000);  // as in TrustsSizeAndTimeOfChange
  const Corpus first = open_corpus(config({path}, TokenizerKind::kWord));
  for (const std::string entry : {"text-", "tokenizer-", "tokens-"}) {
    const std::string whole = base::read_file(find(entry).front());
    // There, and yet it cannot be read: it is larger than all that may be.
    fs::resize_file(find(entry).front(), std::uintmax_t{1} << 40U);
    ::testing::internal::CaptureStderr();
    const Corpus again = open_corpus(config({path}, TokenizerKind::kWord));
    const std::string said = ::testing::internal::GetCapturedStderr();
    EXPECT_NE(said.find(find(entry).front().string()), std::string::npos) << said;
    EXPECT_NE(said.find("made again"), std::string::npos) << said;
    EXPECT_EQ(base::read_file(find(entry).front()), whole) << entry;
    EXPECT_EQ(again.train_hash, first.train_hash);
    EXPECT_EQ(again.tokenizer.hash(), first.tokenizer.hash());
  }
}

TEST_F(CorpusTest, RemovesWhatKilledWritersLeftAndNothingElse) {
  const auto path = write("text", "some text");
  const fs::path cache = scratch_ / "cache";
  fs::create_directory(cache);
  std::vector<fs::path> left;
  for (const std::string kind : {"text-", "tokenizer-", "tokens-", "checked-"})
    left.push_back(base::temporary_name(cache / (kind + base::sha256(kind))));
  left.push_back(base::temporary_name(cache / "probe"));
  const fs::path written_now = base::temporary_name(cache / ("tokens-" + base::sha256("now")));
  std::vector<fs::path> others = {
      cache / "other",
      cache / "thesis.tmp",
      cache / ".tokens-old.1.0.tmp",
      cache / ".config.json.1.2.3.tmp",
      base::temporary_name(cache / "mine"),
      cache / (base::temporary_name(cache / "probe").filename().string() + "x"),
      cache / ("tokens-" + base::sha256("x") + ".1.2.3.tmp")};
  for (const auto* files : {&left, &others}) {
    for (const fs::path& file : *files) base::write_file(file, "part");
  }
  base::write_file(written_now, "part");
  const fs::path folder = base::temporary_name(cache / "probe");
  fs::create_directory(folder);
  others.push_back(folder);
  const fs::path link = base::temporary_name(cache / "probe");
  fs::create_symlink(cache / "other", link);
  others.push_back(link);
  const auto two_days_ago = fs::file_time_type::clock::now() - std::chrono::hours(48);
  for (const auto* files : {&left, &others}) {
    for (const fs::path& file : *files) fs::last_write_time(file, two_days_ago);
  }
  open_corpus(config({path}));
  for (const fs::path& file : left) EXPECT_FALSE(fs::exists(file)) << file;
  for (const fs::path& file : others) EXPECT_TRUE(fs::exists(file)) << file;
  EXPECT_TRUE(fs::exists(written_now));  // a writer may still be using it
}

TEST_F(CorpusTest, ChecksAFileThatIsNotInMemoryOnce) {
  TokenWriter writer(scratch_ / "tokens", 300);
  for (int index = 0; index < 20000; ++index) writer.add(index % 300);
  writer.finish(1);
  const auto check = [&] {
    CorpusCache cache;
    check_once(TokenFile(scratch_ / "tokens", /*most_in_memory=*/0), cache);
  };
  check();
  EXPECT_EQ(entries("checked-"), 0U);  // changed just now: its modification time is not enough
  ::usleep(2'100'000);
  check();
  EXPECT_EQ(entries("checked-"), 1U);
  check();
  EXPECT_EQ(entries("checked-"), 1U);
  std::string bytes = base::read_file(scratch_ / "tokens");
  bytes[20000] ^= 1;
  std::ofstream(scratch_ / "tokens", std::ios::in | std::ios::out) << bytes;  // in place
  EXPECT_THROW(check(), base::Error);
}

TEST_F(CorpusTest, WorksWithoutACache) {
  const std::string text = tests::sentences(1, 100);
  const auto path = write("text", text);
  write("file", "no folder");
  ::setenv("QKV_CACHE", (scratch_ / "file" / "cache").c_str(), 1);
  fs::create_directory(scratch_ / "temporary");
  ::setenv("TMPDIR", (scratch_ / "temporary").c_str(), 1);
  const Corpus corpus = open_corpus(config({path}, TokenizerKind::kWord));
  EXPECT_EQ(text_of(corpus.tokenizer, corpus.train), text);
  EXPECT_TRUE(fs::is_empty(scratch_ / "temporary"));
  ::unsetenv("TMPDIR");
}

TEST_F(CorpusTest, GoesOnWithoutACacheThatWasDeletedMeanwhile) {
  CorpusCache cache;
  cache.keep("text-kept", "a");
  fs::remove_all(scratch_ / "cache");
  ::testing::internal::CaptureStderr();
  cache.keep("text-lost", "b");
  EXPECT_EQ(cache.place("tokens-x"), std::nullopt);
  cache.keep("text-more", "c");
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(said.find("warning: cannot write to the cache"), 0U) << said;
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  EXPECT_FALSE(fs::exists(scratch_ / "cache"));
}

// As if the cache were deleted while the ids are written: the written file cannot get its name.
TEST_F(CorpusTest, IdsThatTheCacheCannotKeepAreWrittenToATemporaryFile) {
  const std::string text = tests::sentences(1, 100);
  const auto path = write("text", text);
  open_corpus(config({path}, TokenizerKind::kWord));
  const fs::path entry = find("tokens-").front();
  fs::remove(entry);
  fs::create_directories(entry / "in the way");
  fs::create_directory(scratch_ / "temporary");
  ::setenv("TMPDIR", (scratch_ / "temporary").c_str(), 1);
  ::testing::internal::CaptureStderr();
  const Corpus corpus = open_corpus(config({path}, TokenizerKind::kWord));
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(said.find("warning: cannot write to the cache"), 0U) << said;
  EXPECT_NE(said.find(entry.string()), std::string::npos) << said;
  EXPECT_EQ(text_of(corpus.tokenizer, corpus.train), text);
  EXPECT_EQ(find(".").size(), 0U);
  EXPECT_TRUE(fs::is_empty(scratch_ / "temporary"));
  ::unsetenv("TMPDIR");
}

TEST_F(CorpusTest, FindsItsFolder) {
  const auto path = write("text", "some text");
  ::unsetenv("QKV_CACHE");
  ::setenv("XDG_CACHE_HOME", (scratch_ / "xdg").c_str(), 1);
  open_corpus(config({path}));
  EXPECT_TRUE(fs::exists(scratch_ / "xdg" / "qkv"));
  ::unsetenv("XDG_CACHE_HOME");
  ::setenv("HOME", (scratch_ / "home").c_str(), 1);
  open_corpus(config({path}));
  EXPECT_TRUE(fs::exists(scratch_ / "home" / ".cache" / "qkv"));
}

TEST_F(CorpusTest, TakesAGivenTokenizer) {
  const auto path = write("text", "the cat sat on the mat");
  const Tokenizer words = tests::learn("the cat", TokenizerKind::kWord);
  config::Config with_path = config({path}, TokenizerKind::kWord);
  with_path.tokenizer.path = write("tokenizer.model", words.bytes());
  EXPECT_EQ(open_corpus(with_path).tokenizer.hash(), words.hash());
  const Corpus corpus = open_corpus(config({path}, TokenizerKind::kChar),
                                    tests::learn("the cat", TokenizerKind::kWord));
  EXPECT_EQ(corpus.tokenizer.hash(), words.hash());
  EXPECT_EQ(text_of(corpus.tokenizer, corpus.train), "the cat sat on the mat");

  const TokenFile tokens = open_tokens({path, path}, words, TextLayout::kLines);
  EXPECT_EQ(documents_of(words, tokens),
            (std::vector<std::string>{"the cat sat on the mat", "the cat sat on the mat"}));
  EXPECT_THROW(open_tokens({}, words, TextLayout::kLines), base::Error);
  EXPECT_THROW(open_tokens({write("empty", "")}, words, TextLayout::kStream), base::Error);
}

TEST_F(CorpusTest, ADefaultContextFollowsTheText) {
  config::Config short_text = config({write("short", "abcabc")});
  short_text.model.context = 256;
  EXPECT_NE(message_of(short_text).find("expected more than model.context, which is 256"),
            std::string::npos);
  short_text.defaults.keys = {"model.context"};
  const Corpus corpus = open_corpus(short_text);
  EXPECT_EQ(corpus.context, static_cast<std::int64_t>(corpus.train.size()) - 1);
  short_text.data.train = {write("long", tests::sentences(1, 5000))};
  EXPECT_EQ(open_corpus(short_text).context, 256);
  // One token has none to predict.
  short_text.tokenizer.kind = TokenizerKind::kBpe;
  short_text.data.train = {write("one", "x")};
  EXPECT_NE(message_of(short_text).find("found 1 tokens"), std::string::npos);
}

}  // namespace
}  // namespace qkv::text
