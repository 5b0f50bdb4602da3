#include "world/world_files.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "scratch.h"
#include "world/geometry_file.h"
#include "world/grammars.h"

namespace qkv::world {
namespace {

namespace fs = std::filesystem;
using tests::Scratch;

TEST(WorldFiles, HoldTheWorld) {
  const Scratch scratch;
  const Grammar grammar = grammar_of(binding_grammar());
  const World world = generate_world(grammar, 1);
  write_world(world, scratch / "out");
  const std::string train = base::read_file(scratch / "out" / "train.txt");
  EXPECT_EQ(train.substr(0, train.find('\n')), world.train.front());
  EXPECT_EQ(static_cast<std::size_t>(std::count(train.begin(), train.end(), '\n')), 200U);
  const std::string probes = base::read_file(scratch / "out" / "probes.jsonl");
  const base::Json first = base::Json::parse(probes.substr(0, probes.find('\n')));
  EXPECT_EQ(first["text"], world.probes.front().text);
  EXPECT_EQ(first["predict"]["begin"], world.probes.front().predict.begin);
  EXPECT_TRUE(base::read_json(scratch / "out" / "geometry.json").contains("analogies"));
  EXPECT_EQ(read_geometry(scratch / "out" / "geometry.json").clusters.size(), 1U);
}

/// The world of a seed, as in the other tests.
World world_of(std::uint64_t seed) { return generate_world(grammar_of(binding_grammar()), seed); }

TEST(WorldFiles, ReplaceOnlyAWholeWorld) {
  const Scratch scratch;
  const World world = world_of(1);
  const World other = world_of(2);
  write_world(world, scratch / "out");
  write_world(other, scratch / "out");
  const std::string train = base::read_file(scratch / "out" / "train.txt");
  EXPECT_EQ(train.substr(0, train.find('\n')), other.train.front());

  for (const fs::path& name : world_files()) {
    const fs::path mine = scratch / ("with-" + name.string());
    fs::create_directory(mine);
    base::write_file(mine / name, "mine");
    EXPECT_THROW(write_world(world, mine), base::Error) << name;
    EXPECT_EQ(base::read_file(mine / name), "mine");
    EXPECT_EQ(std::distance(fs::directory_iterator(mine), fs::directory_iterator()), 1);
  }
}

TEST(WorldFiles, AreAllOldIfOneCannotBeReplaced) {
  for (const fs::path& name : world_files()) {
    const Scratch scratch;
    const fs::path out = scratch / "out";
    write_world(world_of(1), out);
    fs::remove(out / name);
    fs::create_directory(out / name);
    std::map<fs::path, std::string> before;
    for (const fs::path& other : world_files()) {
      if (other != name) before[other] = base::read_file(out / other);
    }
    EXPECT_THROW(write_world(world_of(2), out), base::Error) << name;
    for (const auto& [other, content] : before) EXPECT_EQ(base::read_file(out / other), content);
    EXPECT_EQ(std::distance(fs::directory_iterator(out), fs::directory_iterator()), 4) << name;
  }
}

}  // namespace
}  // namespace qkv::world
