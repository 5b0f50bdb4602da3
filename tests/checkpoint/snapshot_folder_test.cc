#include "checkpoint/snapshot_folder.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "scratch.h"

namespace qkv::checkpoint {
namespace {

namespace fs = std::filesystem;
using tests::Scratch;
using Steps = std::vector<std::int64_t>;

const base::NamedArrays kWeights = {{"w", base::Array({2}, {1, 2})}};

TEST(SnapshotFolder, ListsTheStepsInOrder) {
  const Scratch scratch;
  const SnapshotFolder folder(scratch.path());
  EXPECT_EQ(folder.steps(), Steps());
  for (const std::int64_t step : {16, 0, 20'000'000, 2}) folder.save(step, saved(kWeights));
  EXPECT_EQ(folder.steps(), (Steps{0, 2, 16, 20'000'000}));
  EXPECT_EQ(read_safetensors(folder.step_path(2) / "model.safetensors"), kWeights);
  // Neither an empty folder nor another name is a snapshot.
  fs::create_directory(folder.step_path(4));
  fs::create_directory(scratch / "snapshots/step-8");
  base::write_file(scratch / "snapshots/step-8/model.safetensors", "");
  EXPECT_EQ(folder.steps(), (Steps{0, 2, 16, 20'000'000}));
}

TEST(SnapshotFolder, AResumedRunMakesTheLaterOnesAgain) {
  const Scratch scratch;
  const SnapshotFolder folder(scratch.path());
  for (const std::int64_t step : {0, 4, 8, 16}) folder.save(step, saved(kWeights));
  const fs::path leftover = base::temporary_name(folder.step_path(2));
  fs::create_directory(leftover);
  base::write_file(folder.step_path(16) / "notes.txt", "mine");
  EXPECT_EQ(folder.foreign(), folder.step_path(16) / "notes.txt");
  folder.remove_after(4);
  EXPECT_EQ(folder.steps(), (Steps{0, 4, 16})) << "16 holds something that qkv did not write";
  EXPECT_FALSE(fs::exists(leftover));
  fs::remove(folder.step_path(16) / "notes.txt");
  EXPECT_EQ(folder.foreign(), std::nullopt);
  folder.remove_after(-1);
  EXPECT_EQ(folder.steps(), Steps());
}

}  // namespace
}  // namespace qkv::checkpoint
