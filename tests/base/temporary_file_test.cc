#include "base/temporary_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "base/error.h"
#include "base/files.h"
#include "scratch.h"

namespace qkv::base {
namespace {

namespace fs = std::filesystem;

class TemporaryFileTest : public ::testing::Test {
 protected:
  TemporaryFileTest() { ::setenv("TMPDIR", scratch_.path().c_str(), 1); }
  ~TemporaryFileTest() override { ::unsetenv("TMPDIR"); }

  const tests::Scratch scratch_;
};

TEST_F(TemporaryFileTest, HasNoNameThatCouldBeLeft) {
  const TemporaryFile file;
  EXPECT_TRUE(fs::is_empty(scratch_.path()));
  FileWriter writer(file.path());
  writer.write("text");
  writer.finish();
  EXPECT_EQ(read_file(file.path()), "text");
  EXPECT_TRUE(fs::is_regular_file(file.path()));
  const TemporaryFile other;
  EXPECT_EQ(read_file(other.path()), "");
  EXPECT_TRUE(fs::is_empty(scratch_.path()));
}

TEST_F(TemporaryFileTest, IsForThisProcessAlone) {
  const mode_t before = ::umask(0);
  const TemporaryFile file;
  ::umask(before);
  struct stat status {};
  ASSERT_EQ(::fstat(file.descriptor(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_NE(::fcntl(file.descriptor(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(TemporaryFileTest, NeedsAPlace) {
  ::setenv("TMPDIR", (scratch_ / "absent").c_str(), 1);
  EXPECT_THROW(TemporaryFile(), Error);
}

TEST_F(TemporaryFileTest, KeepsStandardInput) {
  const std::string text(300000, 'x');
  write_file(scratch_ / "text", text);
  const int before = ::dup(STDIN_FILENO);
  const int given = ::open((scratch_ / "text").c_str(), O_RDONLY);
  ASSERT_EQ(::dup2(given, STDIN_FILENO), STDIN_FILENO);
  for (const std::uint64_t limit : {1000, 299999}) {
    EXPECT_THROW(keep_standard_input(limit), Error);
    ASSERT_EQ(::lseek(STDIN_FILENO, 0, SEEK_SET), 0);
  }
  const fs::path kept = keep_standard_input(300000);
  fs::remove(scratch_ / "text");
  for (int time = 0; time < 2; ++time) EXPECT_EQ(read_file(kept), text);
  EXPECT_TRUE(fs::is_empty(scratch_.path()));
  ::dup2(before, STDIN_FILENO);
  ::close(before);
  ::close(given);
}

TEST_F(TemporaryFileTest, KeepsWhatAPipeGivesOnce) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  ASSERT_EQ(::write(ends[1], "12345", 5), 5);
  ::close(ends[1]);
  const int before = ::dup(STDIN_FILENO);
  ASSERT_EQ(::dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
  ::close(ends[0]);
  const fs::path kept = keep_standard_input();
  for (int time = 0; time < 2; ++time) EXPECT_EQ(read_file(kept), "12345");
  ::dup2(before, STDIN_FILENO);
  ::close(before);
}

}  // namespace
}  // namespace qkv::base
