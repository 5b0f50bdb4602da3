#include "text/token_file.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "base/error.h"
#include "base/files.h"
#include "scratch.h"
#include "text/token_writer.h"

namespace qkv {
namespace {

using testing::Scratch;

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

TEST(TokenFile, RefusesDamage) {
  const Scratch scratch;
  TokenWriter writer(scratch / "tokens", 300);
  for (int document = 0; document < 4; ++document) {
    writer.begin_document();
    for (int index = 0; index < 5; ++index) writer.add(index);
  }
  writer.finish(8);
  const std::string bytes = read_file(scratch / "tokens");
  const auto refused = [&](const std::string& damaged) {
    write_file(scratch / "damaged", damaged);
    try {
      const TokenFile file(scratch / "damaged");
      std::int64_t sum = 0;  // whatever is accepted can be read throughout
      for (std::uint64_t index = 0; index < file.size(); ++index) sum += file[index];
      for (std::uint64_t index = 0; index <= file.documents() && file.documents() > 0; ++index) {
        EXPECT_LE(file.document_begin(index), file.size());
      }
      EXPECT_GE(sum, 0);
      return false;
    } catch (const Error&) {
      return true;
    }
  };
  EXPECT_FALSE(refused(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_TRUE(refused(bytes.substr(0, size))) << size;
  EXPECT_TRUE(refused(bytes + "x"));
  EXPECT_TRUE(refused(bytes + std::string(8, '\0')));
  for (std::size_t bit = 0; bit < 32 * 8;
       ++bit) {  // magic, version, id bytes, size, documents (below)
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1U << bit % 8));
    EXPECT_TRUE(refused(damaged)) << bit;
  }
  for (std::size_t at = bytes.size() - 40; at < bytes.size(); ++at) {  // where documents begin
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x80);
    EXPECT_TRUE(refused(damaged)) << at;
  }
}

}  // namespace
}  // namespace qkv
