#include "base/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <iterator>
#include <thread>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/temporary_file.h"
#include "scratch.h"

namespace qkv::base {
namespace {

namespace fs = std::filesystem;
using tests::Scratch;

/// The name that another process, a copy of this one, makes for the same path.
std::string name_by_another_process(const fs::path& path) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return "";
  const pid_t child = ::fork();
  if (child == 0) {
    write_all(ends[1], temporary_name(path).string(), "pipe");
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string name = read_file("/dev/fd/" + std::to_string(ends[0]));
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return name;
}

/// The message of an action that fails, without the folder; "" if it succeeds.
template <typename Act>
std::string refusal(const Scratch& scratch, const Act& act,
                    Error::Fault fault = Error::Fault::kInput) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), fault) << error.what();
    const std::string message = error.what();
    const std::string folder = scratch.path().string() + '/';
    return message.rfind(folder, 0) == 0 ? message.substr(folder.size()) : message;
  }
  return "";
}

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  ::stat(path.c_str(), &status);
  return status.st_mode & 07777U;
}

std::ptrdiff_t files_in(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

TEST(Files, WriteReplacesTheWhole) {
  const Scratch scratch;
  const std::string long_text(3000000, 'x');
  for (const std::string& text :
       {std::string("one"), long_text, std::string(), std::string("a\0b", 3)}) {
    write_file(scratch / "file", text);
    EXPECT_EQ(read_file(scratch / "file"), text);
    const InputFile file(scratch / "file");
    std::string found(file.size(), '\0');
    file.read(0, found.size(), found.data());
    EXPECT_EQ(found, text);
  }
  EXPECT_EQ(files_in(scratch.path()), 1);
  EXPECT_NE(refusal(
                scratch, [&] { write_file(scratch / "absent" / "file", "x"); }, Error::Fault::kRun),
            "");
  EXPECT_THROW(read_file(scratch / "absent"), Error);
  EXPECT_THROW(read_file(scratch.path()), Error);
  EXPECT_THROW(InputFile(scratch.path()), Error);
}

TEST(Files, WhatIsReplacedKeepsItsPermissions) {
  const Scratch scratch;
  const mode_t before = ::umask(022);
  for (const mode_t mode : {0600U, 0640U, 0444U, 0755U, 0666U}) {
    write_file(scratch / "file", "old");
    ::chmod((scratch / "file").c_str(), mode);
    write_file(scratch / "file", "new");
    EXPECT_EQ(mode_of(scratch / "file"), mode);
    EXPECT_EQ(read_file(scratch / "file"), "new");
  }
  for (const mode_t mask : {022U, 077U, 002U}) {
    ::umask(mask);
    fs::remove(scratch / "file");
    write_file(scratch / "file", "new");
    EXPECT_EQ(mode_of(scratch / "file"), 0666U & ~mask);
  }
  // While it is being written, no other user can read it.
  ::chmod((scratch / "file").c_str(), 0640);
  replace_file(scratch / "file", [&](const fs::path& temporary) {
    FileWriter writer(temporary);
    EXPECT_EQ(mode_of(temporary), 0600U);
    writer.finish();
  });
  EXPECT_EQ(mode_of(scratch / "file"), 0640U);
  ::umask(before);
}

TEST(Files, AFailedReplacementLeavesWhatWasThereAlone) {
  const Scratch scratch;
  write_file(scratch / "file", "old");
  EXPECT_THROW(replace_file(scratch / "file", [](const fs::path&) { throw Error("no"); }), Error);
  EXPECT_EQ(read_file(scratch / "file"), "old");
  EXPECT_EQ(files_in(scratch.path()), 1);
  // Written, but it cannot take the place of a folder.
  fs::remove(scratch / "file");
  fs::create_directory(scratch / "file");
  const std::string said = refusal(
      scratch, [&] { write_file(scratch / "file", "new"); }, Error::Fault::kRun);
  EXPECT_EQ(said.rfind("file: cannot replace: ", 0), 0U) << said;
  EXPECT_EQ(files_in(scratch.path()), 1);
}

TEST(Files, ALinkIsReplacedAndNotFollowed) {
  const Scratch scratch;
  write_file(scratch / "theirs", "theirs");
  ::chmod((scratch / "theirs").c_str(), 0600);
  fs::create_symlink("theirs", scratch / "link");
  const mode_t before = ::umask(022);
  write_file(scratch / "link", "ours");
  ::umask(before);
  EXPECT_FALSE(fs::is_symlink(scratch / "link"));
  EXPECT_EQ(mode_of(scratch / "link"), 0644U);  // a new file's, not those of their file
  EXPECT_EQ(read_file(scratch / "theirs"), "theirs");
}

TEST(Files, TemporaryNamesAreToldFromOthers) {
  for (const char* name : {"step-0000030", "a.b", "best", "x.7"})
    EXPECT_EQ(named_by_temporary(temporary_name(fs::path("folder") / name)), name);
  EXPECT_EQ(named_by_temporary("folder/.last.77.0.tmp"), "last");  // as an earlier version did
  for (const char* name : {"notes.tmp", ".notes.tmp", ".tmp", "best.1.2.3.tmp", ".best.1.tmp",
                           ".best.1.2.3.tmp~", ".best.1.a.3.tmp", "..1.2.tmp.txt"})
    EXPECT_EQ(named_by_temporary(name), std::nullopt) << name;
}

TEST(Files, AFileAboveItsLimitIsRefusedBeforeItIsRead) {
  const Scratch scratch;
  write_file(scratch / "file", "12345");
  EXPECT_EQ(read_file(scratch / "file", 5), "12345");
  EXPECT_EQ(InputFile(scratch / "file", 5).size(), 5U);
  // A terabyte that takes no space on disk.
  write_file(scratch / "giant", "");
  fs::resize_file(scratch / "giant", std::uintmax_t{1} << 40U);
  for (const char* name : {"file", "giant"}) {
    const std::string size = std::to_string(fs::file_size(scratch / name));
    const std::string expected =
        std::string(name) + ": found " + size + " bytes, expected at most 4";
    // The small file first: without the limit, reading the giant takes minutes.
    ASSERT_EQ(refusal(scratch, [&] { read_file(scratch / name, 4); }), expected);
    ASSERT_EQ(refusal(scratch, [&] { InputFile(scratch / name, 4); }), expected);
    ASSERT_EQ(refusal(scratch, [&] { sha256_file(scratch / name, 4); }), expected);
  }
  EXPECT_NE(refusal(scratch, [&] { read_file(scratch / "giant"); }), "");
}

TEST(Files, APipeInAFolderAndADeviceAreRefusedAtOnce) {
  const Scratch scratch;
  ASSERT_EQ(::mkfifo((scratch / "pipe").c_str(), 0600), 0);
  fs::create_symlink("/dev/zero", scratch / "zero");
  for (const char* name : {"pipe", "zero"}) {
    const std::string expected = std::string(name) + ": found no regular file, expected a file";
    EXPECT_EQ(refusal(scratch, [&] { read_file(scratch / name); }), expected);
    EXPECT_EQ(refusal(scratch, [&] { InputFile(scratch / name); }), expected);
    EXPECT_EQ(refusal(scratch, [&] { sha256_file(scratch / name); }), expected);
  }
}

TEST(Files, APipeOfAShellIsReadUpToItsLimit) {
  const Scratch scratch;
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const fs::path name = "/dev/fd/" + std::to_string(ends[0]);
  ASSERT_EQ(::write(ends[1], "12345", 5), 5);
  ::close(ends[1]);
  EXPECT_EQ(read_file(name, 5), "12345");
  ::close(ends[0]);

  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  ASSERT_EQ(::write(ends[1], "12345", 5), 5);
  // Its other end stays open: reading to the end would wait.
  const fs::path open = "/dev/fd/" + std::to_string(ends[0]);
  EXPECT_EQ(refusal(scratch, [&] { read_file(open, 4); }),
            open.string() + ": found more than 4 bytes, expected at most 4");
  for (const int end : ends) ::close(end);
}

TEST(Files, APipeIsReadToItsEnd) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const fs::path name = "/dev/fd/" + std::to_string(ends[0]);
  const std::string text(200'000, 'x');  // more than a pipe holds
  std::thread writer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));  // read_file waits for the bytes
    write_all(ends[1], text, "pipe");
    ::close(ends[1]);
  });
  EXPECT_EQ(read_file(name), text);
  writer.join();
  ::close(ends[0]);
}

TEST(Files, StandardInputMayBeANamedPipe) {
  const Scratch scratch;
  ASSERT_EQ(::mkfifo((scratch / "pipe").c_str(), 0600), 0);
  const int before = ::dup(STDIN_FILENO);
  for (const char* name : {"-", "/dev/stdin"}) {
    const int reader = ::open((scratch / "pipe").c_str(), O_RDONLY | O_NONBLOCK);
    const int writer = ::open((scratch / "pipe").c_str(), O_WRONLY);
    ASSERT_EQ(::write(writer, "12345", 5), 5);
    ::close(writer);
    ASSERT_EQ(::dup2(reader, STDIN_FILENO), STDIN_FILENO);
    EXPECT_EQ(read_file(name), "12345") << name;
    EXPECT_NE(::fcntl(STDIN_FILENO, F_GETFD), -1) << "standard input was closed";
    ::dup2(before, STDIN_FILENO);
    ::close(reader);
  }
  ::close(before);
}

TEST(Files, LeaveNoDescriptorOpen) {
  const Scratch scratch;
  const auto open_files = [] { return files_in("/proc/self/fd"); };
  const std::ptrdiff_t before = open_files();
  write_file(scratch / "file", "12345");
  { const InputFile file(scratch / "file"); }
  read_file(scratch / "file");
  EXPECT_THROW(InputFile(scratch / "file", 4), Error);
  EXPECT_THROW(InputFile(scratch.path()), Error);
  EXPECT_THROW(read_file(scratch / "file", 4), Error);
  { FileWriter(scratch / "unfinished").write("x"); }
  {
    const FileLock lock(scratch / "lock", "lock");
    EXPECT_THROW(FileLock(scratch / "lock", "lock"), Error);
    EXPECT_EQ(open_files(), before + 1);
  }
  { const TemporaryFile file; }
  EXPECT_EQ(open_files(), before);
}

TEST(InputFile, ReadsAtAnyPlace) {
  const Scratch scratch;
  write_file(scratch / "file", "0123456789");
  const InputFile file(scratch / "file");
  std::string bytes(4, '.');
  file.read(3, 4, bytes.data());
  EXPECT_EQ(bytes, "3456");
  EXPECT_EQ(file.read_some(8, 4, bytes.data()), 2U);
  EXPECT_EQ(bytes, "8956");
  EXPECT_EQ(file.read_some(10, 4, bytes.data()), 0U);
  file.read(10, 0, nullptr);
}

TEST(InputFile, AFileThatBecomesShorterIsTheRunsFault) {
  const Scratch scratch;
  write_file(scratch / "file", std::string(3'000'000, 'x'));
  const InputFile file(scratch / "file");
  fs::resize_file(scratch / "file", 2'500'000);
  const std::string name = (scratch / "file").string();
  std::string bytes(3'000'000, '.');
  const auto expect_shorter = [&](const auto& read, const std::string& least) {
    try {
      read();
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_EQ(error.fault(), Error::Fault::kRun);
      EXPECT_EQ(error.what(), name +
                                  ": became shorter while it was read: found 2500000 bytes, "
                                  "expected at least " +
                                  least);
    }
  };
  expect_shorter([&] { file.read(1'000'000, 2'000'000, bytes.data()); }, "3000000");
  expect_shorter([&] { sha256_file(file); }, "3000000");
}

TEST(Files, AFileThatCannotBeMadeIsRefusedBeforeTheWork) {
  const Scratch scratch;
  EXPECT_EQ(writable_file(scratch / "file"), scratch / "file");
  EXPECT_TRUE(fs::is_empty(scratch.path()));
  write_file(scratch / "file", "x");
  EXPECT_EQ(writable_file(scratch / "file"), scratch / "file");
  ASSERT_EQ(::mkfifo((scratch / "pipe").c_str(), 0600), 0);
  for (const fs::path& path : {scratch / "absent" / "file", scratch / "file" / "file",
                               scratch.path(), scratch / std::string(300, 'a'), scratch / "pipe"})
    EXPECT_NE(refusal(scratch, [&] { writable_file(path); }), "") << path;
}

TEST(Files, ALinkStandsForItsFile) {
  const Scratch scratch;
  fs::create_directory(scratch / "folder");
  fs::create_symlink("folder/file", scratch / "second");
  fs::create_symlink(scratch / "second", scratch / "first");
  for (const char* text : {"made", "replaced"}) {
    write_file(writable_file(scratch / "first"), text);
    EXPECT_TRUE(fs::is_symlink(scratch / "first"));
    EXPECT_EQ(read_file(scratch / "folder" / "file"), text);
  }
  fs::create_symlink("round", scratch / "round");
  EXPECT_THROW(writable_file(scratch / "round"), Error);
  fs::create_symlink("/dev/null", scratch / "null");
  EXPECT_THROW(writable_file(scratch / "null"), Error);
}

TEST(Files, TheLongestNameCanBeWritten) {
  const Scratch scratch;
  write_file(scratch / std::string(255, 'a'), "x");
  EXPECT_EQ(read_file(scratch / std::string(255, 'a')), "x");
}

TEST(FileWriter, WritesInPartsAndAtPlaces) {
  const Scratch scratch;
  std::string expected;
  {
    write_file(scratch / "file", std::string(9'000'000, '.'));  // nothing of it stays
    FileWriter writer(scratch / "file");
    writer.write("0000");
    writer.write_at(3, "1");  // while the rest is only in the buffer
    expected = "0001";
    for (int part = 0; part < 50; ++part) {
      const std::string bytes(static_cast<std::size_t>(part) * 3001,
                              static_cast<char>('a' + part % 26));
      writer.write(bytes);
      expected += bytes;
    }
    const std::string large(2'000'000, 'L');  // larger than the buffer, which is not empty
    writer.write(large);
    expected += large;
    EXPECT_EQ(writer.size(), expected.size());
    writer.write_at(1, "xy");
    expected.replace(1, 2, "xy");
    writer.write("end");
    expected += "end";
    writer.finish();
  }
  EXPECT_EQ(read_file(scratch / "file"), expected);
}

TEST(FileWriter, LeavesNothingUnfinished) {
  const Scratch scratch;
  { FileWriter(scratch / "file").write("x"); }
  EXPECT_TRUE(fs::is_empty(scratch.path()));
}

TEST(FileWriter, AFullDiskIsTheRunsFault) {
  if (!fs::exists("/dev/full")) GTEST_SKIP();
  const Scratch scratch;
  fs::create_symlink("/dev/full", scratch / "full");
  FileWriter writer(scratch / "full");
  writer.write("x");
  EXPECT_EQ(refusal(
                scratch, [&] { writer.flush(); }, Error::Fault::kRun),
            "full: cannot write: " + std::string(std::strerror(ENOSPC)));
}

TEST(FileLock, HoldsUntilItGoes) {
  const Scratch scratch;
  {
    const FileLock lock(scratch / "lock", "the run");
    EXPECT_THROW(FileLock(scratch / "lock", "the run"), Error);
  }
  EXPECT_NO_THROW(FileLock(scratch / "lock", "the run"));
  fs::create_symlink("elsewhere", scratch / "link");
  EXPECT_THROW(FileLock(scratch / "link", "the run"), Error);
  EXPECT_FALSE(fs::exists(scratch / "elsewhere"));
}

TEST(Sha256, FollowsThePublishedExamples) {  // FIPS 180-2, appendix B
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  Sha256 parts;
  parts.update("a");
  parts.update("");
  parts.update("bc");
  EXPECT_EQ(parts.hex(), sha256("abc"));
  const Scratch scratch;
  for (const std::size_t size : {0U, 3U, 1U << 20U, (1U << 20U) + 1U, 3'000'000U}) {
    std::string text;
    for (std::size_t place = 0; place < size; ++place) text += static_cast<char>(place * 31 % 251);
    write_file(scratch / "file", text);
    EXPECT_EQ(sha256_file(scratch / "file"), sha256(text)) << size;
  }
}

TEST(Files, MakesFolders) {
  const Scratch scratch;
  make_folder(scratch / "a" / "b");
  EXPECT_TRUE(fs::is_directory(scratch / "a" / "b"));
  make_folder(scratch / "a");
  write_file(scratch / "file", "");
  for (const Error::Fault fault : {Error::Fault::kInput, Error::Fault::kRun})
    EXPECT_NE(refusal(
                  scratch, [&] { make_folder(scratch / "file", fault); }, fault),
              "");
  EXPECT_THROW(make_folder(scratch / std::string(300, 'a')), Error);
  EXPECT_NE(temporary_name(scratch / "x"), temporary_name(scratch / "x"));
  const std::string other = name_by_another_process(scratch / "x");
  EXPECT_EQ(named_by_temporary(other), "x");
  EXPECT_NE(other, temporary_name(scratch / "x"));
  EXPECT_EQ(temporary_name(scratch / "x").parent_path(), scratch.path());
}

}  // namespace
}  // namespace qkv::base
