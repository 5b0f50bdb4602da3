#include "config/output.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "config/run_files.h"
#include "scratch.h"

namespace qkv::config {
namespace {

namespace fs = std::filesystem;
using tests::Scratch;

bool is_refused(const fs::path& path, const std::vector<fs::path>& inputs = {}) {
  try {
    output_file(path, inputs);
    return false;
  } catch (const base::Error& error) {
    EXPECT_EQ(error.fault(), base::Error::Fault::kInput);
    EXPECT_EQ(std::string(error.what()).rfind(path.string() + ": found ", 0), 0U) << error.what();
    return true;
  }
}

TEST(Output, IsNoInputUnderAnyName) {
  const Scratch scratch;
  base::write_file(scratch / "text", "text");
  fs::create_symlink("text", scratch / "link");
  fs::create_directory(scratch / "folder");
  const fs::path round = scratch / "folder" / ".." / "text";
  for (const fs::path& input : {scratch / "text", scratch / "link", round}) {
    EXPECT_TRUE(is_refused(scratch / "text", {"absent", input})) << input;
    EXPECT_TRUE(is_refused(round, {input})) << input;
    EXPECT_FALSE(is_refused(scratch / "other", {"absent", "-", input})) << input;
  }
  EXPECT_THROW(output_file(scratch / "link", {scratch / "text"}), base::Error);
  EXPECT_THROW(require_output_files(scratch.path(), {"other", "text"}, {scratch / "link"}),
               base::Error);
  EXPECT_NO_THROW(require_output_files(scratch.path(), {"other"}, {scratch / "link"}));
}

TEST(Output, IsNoFileOfARun) {
  const Scratch scratch;
  const fs::path run = scratch / "run";
  const fs::path step = run / kCheckpointsFolder / "step-0000001";
  fs::create_directories(step);
  base::write_file(step / kWeightsFile, "");
  base::write_file(run / kTokenizerFile, "");
  for (const char* name : kRunFiles) EXPECT_TRUE(is_refused(run / name)) << name;
  for (const char* name : kCheckpointFiles) EXPECT_TRUE(is_refused(step / name)) << name;
  EXPECT_TRUE(is_refused(step / "scores.json"));
  EXPECT_TRUE(is_refused(run / kCheckpointsFolder / "scores.json"));
  EXPECT_FALSE(is_refused(run / "scores.json"));
  EXPECT_THROW(require_output_files(run / kTensorBoardFolder / "new", {"a"}, {}), base::Error);
  EXPECT_NO_THROW(require_output_files(run / "new" / "folder", {"config.json"}, {}));
  // The same names outside of a run are free.
  for (const char* name : kRunFiles) EXPECT_FALSE(is_refused(scratch / name)) << name;
}

TEST(Output, IsNoFolder) {
  const Scratch scratch;
  fs::create_directory(scratch / "a");
  EXPECT_TRUE(is_refused(scratch / "a"));
  EXPECT_THROW(require_output_files(scratch.path(), {"b", "a"}, {}), base::Error);
  // Files in a folder replace links.
  fs::create_symlink("a", scratch / "link");
  EXPECT_NO_THROW(require_output_files(scratch.path(), {"link"}, {}));
}

}  // namespace
}  // namespace qkv::config
