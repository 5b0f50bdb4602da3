#include "text/corpus/token_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include "base/error.h"
#include "base/files.h"
#include "scratch.h"
#include "text/corpus/token_writer.h"

namespace qkv::text {
namespace {

using tests::Scratch;

TEST(TokenFile, HoldsWhatWasWritten) {
  const Scratch scratch;
  for (const std::int64_t vocabulary : {300, 65536, 65537, 100000}) {
    const auto path = scratch / "tokens";
    TokenWriter writer(path, vocabulary);
    std::mt19937 random(5);
    std::vector<std::int32_t> ids;
    for (int index = 0; index < 70001; ++index) {
      ids.push_back(static_cast<std::int32_t>(random() % static_cast<unsigned>(vocabulary)));
      writer.add(ids.back());
    }
    EXPECT_FALSE(std::filesystem::exists(path));
    writer.finish(123);
    const TokenFile file(path);
    ASSERT_EQ(file.size(), ids.size());
    for (std::size_t index = 0; index < ids.size(); ++index) ASSERT_EQ(file[index], ids[index]);
    EXPECT_EQ(file.documents(), 0U);
    EXPECT_EQ(file.text_bytes(), 123U);
    EXPECT_EQ(file.maximum_id(), *std::max_element(ids.begin(), ids.end()));
    std::filesystem::remove(path);
  }
}

TEST(TokenFile, HoldsDocuments) {
  const Scratch scratch;
  TokenWriter writer(scratch / "tokens", 300);
  for (const int length : {3, 0, 5}) {
    writer.begin_document();
    for (int index = 0; index < length; ++index) writer.add(index);
  }
  writer.finish(8);
  const TokenFile file(scratch / "tokens");
  ASSERT_EQ(file.documents(), 3U);
  EXPECT_EQ(file.document_begin(0), 0U);
  EXPECT_EQ(file.document_begin(1), 3U);
  EXPECT_EQ(file.document_begin(2), 3U);
  EXPECT_EQ(file.document_begin(3), 8U);
}

TEST(TokenFile, LeavesNothingWhenAbandoned) {
  const Scratch scratch;
  {
    TokenWriter writer(scratch / "tokens", 300);
    writer.add(1);
  }
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path()));
}

/// A file of many blocks of checksums, with documents, and the ids in it.
std::vector<std::int32_t> write_many(const std::filesystem::path& path, std::int64_t vocabulary) {
  TokenWriter writer(path, vocabulary);
  std::mt19937 random(5);
  std::vector<std::int32_t> ids;
  for (int index = 0; index < 70001; ++index) {
    if (index % 700 == 0) writer.begin_document();
    ids.push_back(static_cast<std::int32_t>(random() % static_cast<unsigned>(vocabulary)));
    writer.add(ids.back());
  }
  writer.finish(123);
  return ids;
}

TEST(TokenFile, ReadsTheSameFromFileAndMemory) {
  const Scratch scratch;
  for (const std::int64_t vocabulary : {300, 100000}) {
    const std::vector<std::int32_t> ids = write_many(scratch / "tokens", vocabulary);
    const TokenFile memory(scratch / "tokens");
    const TokenFile file(scratch / "tokens", /*most_in_memory=*/0);
    EXPECT_FALSE(memory.stays_in_file());
    EXPECT_TRUE(file.stays_in_file());
    EXPECT_NO_THROW(file.check());
    ASSERT_EQ(file.documents(), 101U);
    EXPECT_EQ(file.document_begin(3), 2100U);
    std::mt19937 random(6);
    for (int time = 0; time < 300; ++time) {
      const std::size_t begin = random() % ids.size();
      const std::size_t most = ids.size() - begin;
      const std::size_t count =
          time == 0 ? most : random() % (1 + std::min<std::size_t>(most, 5000));
      const auto at = ids.begin() + static_cast<std::ptrdiff_t>(begin);
      const std::vector<std::int32_t> expected(at, at + static_cast<std::ptrdiff_t>(count));
      std::vector<std::int32_t> found(count, -1);
      file.read(begin, found);
      ASSERT_EQ(found, expected);
      std::fill(found.begin(), found.end(), -1);
      memory.read(begin, found);
      ASSERT_EQ(found, expected);
    }
  }
}

TEST(TokenFile, ShorteningItInUseIsAnErrorAndNoSignal) {
  const Scratch scratch;
  const std::vector<std::int32_t> ids = write_many(scratch / "tokens", 300);
  const TokenFile memory(scratch / "tokens");
  const TokenFile file(scratch / "tokens", /*most_in_memory=*/0);
  EXPECT_EQ(file[69999], ids[69999]);
  for (const std::uintmax_t size : {100000, 64, 0}) {
    std::filesystem::resize_file(scratch / "tokens", size);
    EXPECT_EQ(memory[69999], ids[69999]);  // it no longer needs the file
    try {
      file[69999];
      ADD_FAILURE() << "no error at " << size;
    } catch (const base::Error& error) {
      EXPECT_EQ(error.fault(), base::Error::Fault::kRun);
      EXPECT_NE(std::string(error.what()).find((scratch / "tokens").string() + ": damaged at byte"),
                std::string::npos)
          << error.what();
    }
    EXPECT_THROW(file.check(), base::Error);
  }
}

TEST(TokenFile, FindsWhatChangesInUse) {
  const Scratch scratch;
  write_many(scratch / "tokens", 300);
  const TokenFile file(scratch / "tokens", /*most_in_memory=*/0);
  std::string bytes = base::read_file(scratch / "tokens");
  bytes[64 + 2 * 40000] ^= 1;
  std::ofstream(scratch / "tokens", std::ios::in | std::ios::out) << bytes;  // in place
  EXPECT_THROW(file[40000], base::Error);
  EXPECT_THROW(file[39999], base::Error);  // in the same block
  EXPECT_NO_THROW(file[10000]);
  EXPECT_THROW(file.check(), base::Error);
}

TEST(TokenWriter, RefusesIdsOutOfRange) {
  const Scratch scratch;
  for (const std::int64_t vocabulary : {300, 70000}) {
    for (const std::int32_t id : {-1, static_cast<std::int32_t>(vocabulary), 2147483647}) {
      TokenWriter writer(scratch / "tokens", vocabulary);
      writer.add(3);
      writer.add(id);
      EXPECT_THROW(writer.finish(1), base::Error) << id;
    }
  }
  EXPECT_FALSE(std::filesystem::exists(scratch / "tokens"));
}

TEST(TokenFile, RefusesDamage) {
  const Scratch scratch;
  TokenWriter writer(scratch / "tokens", 300);
  for (int document = 0; document < 4; ++document) {
    writer.begin_document();
    for (int index = 0; index < 5; ++index) writer.add(index);
  }
  writer.finish(8);
  const std::string bytes = base::read_file(scratch / "tokens");
  const auto refused = [&](const std::string& damaged) {
    base::write_file(scratch / "damaged", damaged);
    try {
      const TokenFile file(scratch / "damaged");
      std::int64_t sum = 0;  // an accepted file can be read completely
      for (std::uint64_t index = 0; index < file.size(); ++index) sum += file[index];
      for (std::uint64_t index = 0; index <= file.documents() && file.documents() > 0; ++index) {
        EXPECT_LE(file.document_begin(index), file.size());
      }
      EXPECT_GE(sum, 0);
      return false;
    } catch (const base::Error&) {
      return true;
    }
  };
  EXPECT_FALSE(refused(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_TRUE(refused(bytes.substr(0, size))) << size;
  EXPECT_TRUE(refused(bytes + "x"));
  EXPECT_TRUE(refused(bytes + std::string(8, '\0')));
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1U << bit % 8));
    EXPECT_TRUE(refused(damaged)) << bit;
  }
}

}  // namespace
}  // namespace qkv::text
